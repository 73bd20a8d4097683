"""Watches what the product asks of its databases, whichever these are, and prints each statement for Azure SQL."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from sqlalchemy import Connection, Engine, Executable, bindparam, event
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.sql.elements import ReleaseSavepointClause

from domains.kernel import clock
from domains.kernel.database import insert_new

from .azure import printed

ROOT = Path(__file__).parents[2]
PRODUCT = tuple(f"{ROOT}/{name}/" for name in ("domains", "saga", "portal", "api", "gateway", "demo"))


@dataclass
class Watched:
    """What was seen: statements by database and by what Azure SQL would be told, and the functions that ran."""

    statements: dict[str, dict[str, Executable]] = field(default_factory=dict)
    ran: set[CodeType] = field(default_factory=set)

    def note(self, connection: Connection, statement: Executable, multiparams: Any, params: Any, _options: Any) -> None:
        """Take down a statement of the product's own (tests ask things, too)."""
        if not asked_by_the_product(sys._getframe()):
            return
        values = multiparams[0] if multiparams else params
        many = {"column_keys": sorted(values), "for_executemany": len(multiparams) > 1} if values else {}
        for one in as_azure_is_asked(statement):
            told = printed(one, **(many if one is statement else {}))
            self.statements.setdefault(database_of(connection.engine), {}).setdefault(told, one)


def asked_by_the_product(frame: FrameType | None) -> bool:
    """Whether the nearest code of this checkout on the stack is the product's and not a test's."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(f"{ROOT}/tests/") and name != __file__:
            return False
        if name.startswith(PRODUCT):
            return True
        frame = frame.f_back
    return False


def as_azure_is_asked(statement: Executable) -> Iterator[Executable]:
    """The statement itself, or the ones that stand in its place on Azure SQL."""
    if isinstance(statement, (SqliteInsert, PostgresqlInsert)) and statement._post_values_clause is not None:
        key: Any = statement._post_values_clause.inferred_target_elements[0]  # type: ignore[attr-defined]
        columns = [getattr(column, "name", column) for column in statement._values or {}]
        asked = OnAzure()
        insert_new(asked, statement.table, {name: bindparam(name) for name in columns}, key.name)  # type: ignore[arg-type]
        yield from asked.statements
    elif any(statement is asked for asked in clock._NOW.values()):
        yield clock._NOW["mssql"]
    elif not isinstance(statement, ReleaseSavepointClause):  # there is nothing to be said on Azure SQL
        yield statement


class OnAzure:
    """A session that is told what a session on Azure SQL would be told, and finds nothing."""

    def __init__(self) -> None:
        self.statements: list[Executable] = []
        self.dialect, self.name = self, "mssql"

    def get_bind(self) -> OnAzure:
        return self

    def execute(self, statement: Executable) -> OnAzure:
        self.statements.append(statement)
        return self

    def first(self) -> None:
        return None


def database_of(engine: Engine) -> str:
    """Whose database it is: a file named after it, or a database whose name ends so."""
    return re.split(r"[/_]", str(engine.url.database).removesuffix(".sqlite3"))[-1]


@contextmanager
def watching() -> Iterator[Watched]:
    """Watch everything that is asked within the `with`."""
    watched = Watched()

    def ran(frame: FrameType, happening: str, _: Any) -> None:
        if happening == "call" and frame.f_code.co_filename.startswith(PRODUCT):
            watched.ran.add(frame.f_code)

    event.listen(Engine, "before_execute", watched.note)
    sys.setprofile(ran)
    try:
        yield watched
    finally:
        sys.setprofile(None)
        event.remove(Engine, "before_execute", watched.note)
