"""Many rows written by one statement, whose text does not depend on how many they are: it is prepared once.

The rows travel as one JSON value. SQLite, which is asked without a network between, takes them one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Executable,
    Integer,
    Table,
    Uuid,
    bindparam,
    select,
    text,
)
from sqlalchemy.dialects import mssql
from sqlalchemy.orm import Session

from .database import insert_new

Rows = Sequence[dict[str, Any]]
PLACE = "place_"  # of a row among the others, so that the database numbers them in their order
OLD = "old_"  # in front of a key's name, where the statement also names the column it is compared with
ANY_LENGTH = {"postgresql": "TEXT", "mssql": "NVARCHAR(max)"}  # the column itself refuses what is too long for it
DIALECTS: dict[str, Any] = {name: URL.create(name).get_dialect()() for name in ("postgresql", "mssql")}


class RowIsGone(RuntimeError):
    """A row that was to be changed is not there (any more)."""


@dataclass(frozen=True)
class Write:
    """Rows of a table to be inserted or, when `key` names the columns they are found by, changed.

    All rows name the same columns.
    """

    table: Table
    rows: Rows
    key: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        return Shape(self.table, tuple(self.rows[0]), self.key)


class Shape(NamedTuple):
    """What the text of a statement depends on."""

    table: Table
    names: tuple[str, ...]
    key: tuple[str, ...] = ()


def write_all(session: Session, writes: Sequence[Write]) -> None:
    """Insert and change rows: PostgreSQL is told all of it at once, the others one thing after the other.

    No two of the writes may be about the same row. Raises RowIsGone when one that was to be changed was not there.
    """
    due = [write for write in writes if write.rows]
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql" and due:
        statement = together(tuple(write.shape for write in due))
        told = {f"rows_{number}": _as_json(write.table, write.rows) for number, write in enumerate(due)}
        counts: list[int] = list(session.connection().execute(statement, told).one())
    else:
        counts = [_written(session, write, dialect) for write in due]
    for write, count in zip(due, counts, strict=True):
        if write.key and count != len(write.rows):
            raise RowIsGone(f"{count} of {len(write.rows)} rows of {write.table.name} were there to be changed")


def _written(session: Session, write: Write, dialect: str) -> int:
    connection = session.connection()
    if dialect != "sqlite":
        statement = alone(write.shape, dialect)
        return int(connection.execute(statement, {"rows_0": _as_json(write.table, write.rows)}).rowcount)
    if not write.key:
        return int(connection.execute(write.table.insert(), write.rows).rowcount)
    found = [{OLD + name if name in write.key else name: value for name, value in row.items()} for row in write.rows]
    return sum(connection.execute(_one_by_one(write.shape), one).rowcount for one in found)


def insert_new_rows(session: Session, table: Table, rows: Rows, key: str) -> set[Any]:
    """Insert those rows whose `key` is not there yet, and return the keys of these. See `insert_new`.

    They are taken in the order of their keys, so that two who insert the same cannot wait for each other.
    """
    ordered = sorted(rows, key=lambda row: row[key])
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        statement = those_not_there(Shape(table, tuple(ordered[0])), key)
        return set(session.connection().execute(statement, {"rows_0": _as_json(table, ordered)}).scalars())
    if dialect == "mssql":
        keys = [row[key] for row in ordered]
        query = select(table.c[key]).where(table.c[key].in_(keys)).with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
        there = set(session.scalars(query))
        write_all(session, [Write(table, [row for row in ordered if row[key] not in there])])
        return set(keys) - there
    return {row[key] for row in ordered if insert_new(session, table, row, key)}


@lru_cache(maxsize=256)
def _one_by_one(shape: Shape) -> Executable:
    table, names, key = shape
    same = (table.c[name] == bindparam(OLD + name, type_=table.c[name].type) for name in key)
    return table.update().where(*same).values({name: bindparam(name) for name in names if name not in key})


@lru_cache(maxsize=256)
def alone(shape: Shape, dialect: str) -> Executable:
    """One write as a statement of its own."""
    return text(_sentence(shape, dialect, 0))


@lru_cache(maxsize=256)
def together(shapes: tuple[Shape, ...]) -> Executable:
    """Several writes as one statement for PostgreSQL, which tells how many rows each has met."""
    parts = (f"w{n} AS ({_sentence(shape, 'postgresql', n)} RETURNING 1)" for n, shape in enumerate(shapes))
    counts = (f"(SELECT count(*) FROM w{number})" for number in range(len(shapes)))  # noqa: S608  # nosec B608
    return text(f"WITH {', '.join(parts)} SELECT {', '.join(counts)}")


@lru_cache(maxsize=256)
def those_not_there(shape: Shape, key: str) -> Executable:
    """What inserts the rows whose key is not there, and tells which these are (PostgreSQL)."""
    name = _quoted(key, "postgresql")
    return text(f"{_sentence(shape, 'postgresql', 0)} ON CONFLICT ({name}) DO NOTHING RETURNING {name}")


def _sentence(shape: Shape, dialect: str, number: int) -> str:
    """An INSERT or UPDATE of rows that come as the parameter with that number."""
    table, names, key = shape
    name_of = _quoted(table.name, dialect)
    source, values = _source(shape, dialect, number), {name: _value(table.c[name], dialect) for name in names}
    if not key:
        columns = ", ".join(_quoted(name, dialect) for name in names)
        told = ", ".join(values.values())
        return f"INSERT INTO {name_of} ({columns}) SELECT {told} FROM {source} ORDER BY v.{PLACE}"  # noqa: S608  # nosec B608
    changed = ", ".join(f"{_quoted(name, dialect)} = {values[name]}" for name in names if name not in key)
    same = " AND ".join(f"{name_of}.{_quoted(name, dialect)} = {values[name]}" for name in key)
    beside = f"{name_of}, {source}" if dialect == "mssql" else source
    return f"UPDATE {name_of} SET {changed} FROM {beside} WHERE {same}"  # noqa: S608  # nosec B608


def _source(shape: Shape, dialect: str, number: int) -> str:
    columns = ", ".join(f"{_quoted(name, dialect)} {_carried(shape.table.c[name], dialect)}" for name in shape.names)
    if dialect == "mssql":
        return f"OPENJSON(:rows_{number}) WITH ({columns}, {PLACE} INTEGER) AS v"
    return f"json_to_recordset(CAST(:rows_{number} AS JSON)) AS v({columns}, {PLACE} INTEGER)"


def _quoted(name: str, dialect: str) -> str:
    return str(DIALECTS[dialect].identifier_preparer.quote(name))


def _carried(column: Column[Any], dialect: str) -> str:
    """The type that a value has within the JSON. Nested JSON is text there: PostgreSQL would read and refuse a NUL."""
    kind = _kind(column, dialect)
    if isinstance(kind, (Integer, BigInteger, Boolean, DateTime, Uuid)):
        return str(column.type.compile(DIALECTS[dialect]))
    return "CHAR(32)" if isinstance(kind, mssql.BINARY) else ANY_LENGTH[dialect]


def _value(column: Column[Any], dialect: str) -> str:
    name, kind = f"v.{_quoted(column.name, dialect)}", _kind(column, dialect)
    if isinstance(kind, mssql.BINARY):
        return f"CONVERT(BINARY(16), {name}, 2)"
    return f"CAST({name} AS JSON)" if isinstance(kind, JSON) and dialect == "postgresql" else name


def _kind(column: Column[Any], dialect: str) -> Any:
    """What a column is on a server, below the names that we have for it."""
    kind: Any = column.type.dialect_impl(DIALECTS[dialect])
    return getattr(kind, "impl_instance", kind)


def _as_json(table: Table, rows: Rows) -> str:
    nested = {name for name in rows[0] if isinstance(table.c[name].type, JSON)}
    return json.dumps([{PLACE: place, **dict(_plain(row, nested))} for place, row in enumerate(rows)])


def _plain(row: dict[str, Any], nested: set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if value is None:
            yield name, None
        elif name in nested:
            yield name, json.dumps(value)
        elif isinstance(value, UUID):
            yield name, value.hex
        elif isinstance(value, datetime):
            yield name, value.astimezone(UTC).isoformat()
        else:
            yield name, value
