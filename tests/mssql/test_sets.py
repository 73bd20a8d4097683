"""Rows that are written many at a time go to Azure SQL as one JSON value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domains.accounts import db
from domains.kernel.database import new_id
from domains.kernel.sets import Shape, alone, insert_new_rows
from saga.tables import run, run_event, run_step

from .azure import printed
from .watch import OnAzure

SHAPES = (
    Shape(run, ("id", "status", "pivoted", "outputs", "next_at", "rev"), ("id",)),
    Shape(run_step, tuple(column.name for column in run_step.c)),
    Shape(run_step, ("run_id", "seq", "phase", "gen", "status", "reply"), ("run_id", "seq", "phase", "gen")),
    Shape(run_event, ("run_id", "rev", "at", "actor", "kind", "seq", "data")),
    Shape(db.inbox, tuple(column.name for column in db.inbox.c)),
    Shape(db.inbox, ("cmd_id", "outcome", "reply"), ("cmd_id",)),
)


def test_rows_are_written_by_one_statement(same_as_snapshot: Callable[[str, str], None]) -> None:
    told = [printed(alone(shape, "mssql")) for shape in SHAPES]

    same_as_snapshot("sets/all.sql", "".join(f"{statement};\n\n" for statement in told))


class Connected(OnAzure):
    """A session that finds one of the keys it looks for, and writes what it is told."""

    rowcount = 1

    def __init__(self, there: list[Any]) -> None:
        super().__init__()
        self.there = there

    def connection(self) -> Connected:
        return self

    def scalars(self, statement: Any) -> list[Any]:
        self.statements.append(statement)
        return self.there

    def execute(self, statement: Any, *_: Any) -> Any:
        return super().execute(statement)


def test_those_that_are_there_are_looked_for_with_a_lock_on_the_gap_and_the_others_written() -> None:
    old, new = new_id(), new_id()
    session: Any = Connected([old])

    written = insert_new_rows(session, db.inbox, [{"cmd_id": one, "seq": 0} for one in (new, old)], "cmd_id")

    look, write = [printed(statement) for statement in session.statements]
    assert written == {new}
    assert "FROM inbox WITH (UPDLOCK, HOLDLOCK)" in look
    assert write.startswith(
        "INSERT INTO inbox (cmd_id, seq) SELECT CONVERT(BINARY(16), v.cmd_id, 2), v.seq FROM OPENJSON"
    )
