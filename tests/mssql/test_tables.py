"""The tables as Azure SQL would be told to make them: nothing is lost in them, nothing means another thing there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Float,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)

from domains.kernel.columns import Count, Id, LongText, Text
from domains.kernel.config import DATABASES
from tests.conftest import metadata_of

from .azure import printed, tables_printed

# Code pages lose letters, DATETIME loses milliseconds, floats lose cents, and a uniqueidentifier sorts by its end.
LOSING = re.compile(r"\b(VARCHAR|CHAR|TEXT|NTEXT|DATETIME|DATETIME2|SMALLDATETIME|FLOAT|REAL|MONEY|UNIQUEIDENTIFIER)\b")
KEY_BYTES = {"clustered": 900, "other": 1700}


def faults_of(metadata: MetaData) -> Iterator[str]:
    for table in metadata.sorted_tables:
        yield from (f"{table.name}: {found} loses something" for found in sorted(set(LOSING.findall(made(table)))))
        yield from loose_keys(table)
        yield from wide_keys(table)


def made(table: Table) -> str:
    return tables_printed([table])


def keys(table: Table) -> Iterator[tuple[str, list[Column[Any]], str, bool]]:
    """A table's keys and indexes: name, columns, the condition on Azure SQL, and whether unique."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield str(constraint.name), list(constraint.columns), "", True
    for index in table.indexes:
        where = index.dialect_options["mssql"]["where"]
        yield str(index.name), list(index.columns), "" if where is None else printed(where), bool(index.unique)


def loose_keys(table: Table) -> Iterator[str]:
    """Azure SQL takes two empty values for equal, so that a unique key over a column that may be empty needs WHERE."""
    for name, columns, where, unique in keys(table):
        for column in columns:
            if unique and column.nullable and f"{column.name} IS NOT NULL" not in where:
                yield f"{name}: {column.name} may be empty only once; add mssql_where"
    for index in table.indexes:
        options = [index.dialect_options[name]["where"] for name in ("sqlite", "postgresql", "mssql")]
        if len({str(option) for option in options}) > 1:
            yield f"{index.name}: another condition on another database"


def wide_keys(table: Table) -> Iterator[str]:
    if table.primary_key.columns and (width := width_of(table.primary_key)) > KEY_BYTES["clustered"]:
        yield f"{table.name}: a primary key of {width} bytes"
    for name, columns, _, _ in keys(table):
        if (width := sum(map(bytes_of, columns))) > KEY_BYTES["other"]:
            yield f"{name}: a key of {width} bytes"


def width_of(key: PrimaryKeyConstraint) -> int:
    return sum(bytes_of(column) for column in key.columns)


def bytes_of(column: Column[Any]) -> int:
    """The most a column takes in an index; text is two bytes a letter, and text without end has no place in one."""
    if isinstance(column.type, String):
        return 2 * column.type.length if column.type.length else 10_000
    return 16


@pytest.mark.parametrize("name", DATABASES)
def test_the_tables_are_what_was_agreed(name: str, same_as_snapshot: Callable[[str, str], None]) -> None:
    same_as_snapshot(f"ddl/{name}.sql", tables_printed(metadata_of(name).sorted_tables))


@pytest.mark.parametrize("name", DATABASES)
def test_nothing_is_lost_and_no_key_is_loose_or_too_wide(name: str) -> None:
    assert list(faults_of(metadata_of(name))) == []


@pytest.mark.parametrize("name", DATABASES)
def test_an_id_is_bytes_a_time_has_its_zone_and_only_rows_that_number_themselves_count(name: str) -> None:
    whole = tables_printed(metadata_of(name).sorted_tables)

    assert re.search(r"\tid BINARY\(16\) NOT NULL", whole)
    assert re.search(r"_at DATETIMEOFFSET", whole)
    assert set(re.findall(r"(\w+) BIGINT NOT NULL IDENTITY", whole)) <= {"position", "id"}


def test_each_fault_is_seen() -> None:
    metadata = MetaData()
    Table("a", metadata, Column("id", Uuid, primary_key=True), Column("name", String(10)), Column("at", DateTime),
          Column("rate", Float), Column("word", Text(10), unique=True))  # fmt: skip
    wide = Table("b", metadata, Column("key", Text(500), primary_key=True), Column("note", LongText),
                 Column("seq", Count), Column("of", Id, nullable=False))  # fmt: skip
    Index("uq_half", wide.c.of, wide.c.seq, unique=True, mssql_where=text("of IS NOT NULL"))
    Index("ix_note", wide.c.note)

    assert list(faults_of(metadata)) == [
        *(f"a: {kind} loses something" for kind in ("DATETIME", "FLOAT", "UNIQUEIDENTIFIER", "VARCHAR")),
        "None: word may be empty only once; add mssql_where",
        "uq_half: seq may be empty only once; add mssql_where",
        "uq_half: another condition on another database",
        "b: a primary key of 1000 bytes",
        "ix_note: a key of 10000 bytes",
    ]
