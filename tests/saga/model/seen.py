"""What the databases of the model hold at one moment."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from saga import store, tables
from saga.definition import PIVOT, Saga
from saga.events import FINAL, WITHDRAWN

from . import world

Row = Any


@dataclass(frozen=True)
class Seen:
    """All rows, by run."""

    runs: dict[UUID, Row]
    steps: dict[UUID, list[Row]]
    events: dict[UUID, list[Row]]
    inbox: dict[UUID, list[Row]]
    effects: dict[UUID, list[Row]]
    resources: list[Row]
    orders: dict[UUID, list[Row]]  # what operators have asked for

    @classmethod
    def now(cls) -> Seen:
        """Read everything."""
        kept, own = Rows(tables.db), Rows(world.db)
        runs = {row["id"]: row for row in kept.of(tables.run, "id")}
        by_run = (
            kept.by_run(tables.run_step, "seq"), kept.by_run(tables.run_event, "id"),
            own.by_run(world.db.inbox, "at"), own.by_run(world.Effect.__table__, "number"),
            own.of(world.Resource.__table__, "name"), kept.by_run(tables.intervention, "rev"),
        )  # fmt: skip
        return cls(runs, *by_run)

    def everything_of(self, run_id: UUID) -> Any:
        """All rows of a run in the coordinator's database."""
        return self.runs[run_id], self.steps[run_id], self.events[run_id]

    def of(self, run_id: UUID, phase: str) -> dict[int, Row]:
        """The effects of a run in one direction, by step."""
        return {row["seq"]: row for row in self.effects[run_id] if row["phase"] == phase}

    def by_hand(self, run_id: UUID, phase: str) -> set[int]:
        """The steps of a run that an operator has taken upon himself."""
        rows = (row for row in self.steps[run_id] if row["phase"] == phase)
        return {row["seq"] for row in rows if row["status"] in ("SKIPPED", "STUCK")}

    def unfinished(self) -> list[UUID]:
        return [run_id for run_id, row in self.runs.items() if row["status"] not in FINAL]


class Rows:
    """Reads a SQLite database past SQLAlchemy, for all of it is read after every step. Instants stay text."""

    def __init__(self, database: Any) -> None:
        self.connection = _connection(str(database.engine.url.database))

    def of(self, table: Any, order: str) -> list[Row]:
        """The rows of a table."""
        readers = _readers(table)
        found = self.connection.execute(f'SELECT * FROM "{table.name}" ORDER BY "{order}"')
        names = [column[0] for column in found.description]
        return [
            {name: readers[name](value) if name in readers and value is not None else value
             for name, value in zip(names, row, strict=True)}
            for row in found
        ]  # fmt: skip

    def by_run(self, table: Any, order: str) -> dict[UUID, list[Row]]:
        """The rows of a table, by run."""
        found: dict[UUID, list[Row]] = defaultdict(list)
        for row in self.of(table, order):
            found[row["run_id"]].append(row)
        return found


@cache
def _connection(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


@cache
def _readers(table: Any) -> dict[str, Any]:
    kinds = {column.name: type(column.type).__name__ for column in table.c}
    return {
        name: UUID if kind == "Id" else json.loads for name, kind in kinds.items() if kind in ("Id", "JSON", "Json")
    }


def saga_of(row: Row) -> Saga:
    """The definition of a run."""
    return store.definition_of(row)


def has_effect(name: str) -> bool:
    """Whether an action writes something when it says yes."""
    return name.split(".")[1][:3] in ("act", "ask", "und") and not name.endswith(WITHDRAWN)


def fold(saga: Saga, events: list[Row]) -> dict[str, Any]:
    """What a run's row must say, from nothing but what was noted about it."""
    state: dict[str, Any] = {"status": "running", "phase": "F", "seq": 0, "pivoted": False, "paused": 0}
    for event in events:
        if (change := _CHANGES.get(event["kind"])) is not None:
            state |= change(saga, event, state)
    return state


def _sent(saga: Saga, event: Row, _state: Any) -> dict[str, Any]:
    phase, seq = event["data"]["phase"], event["seq"]
    if phase == "F":
        return {"seq": saga.group_of(seq)[0], "phase": "F", "status": "running"}
    if phase == "W":
        return {"status": "running"}
    return {"seq": seq, "phase": "C", "status": "compensating"}


_CHANGES: dict[str, Callable[[Saga, Row, Any], dict[str, Any]]] = {
    "sent": _sent,
    "held": _sent,
    "done": lambda saga, event, state: {"pivoted": True} if saga.steps[event["seq"]].kind == PIVOT else {},
    "skipped": lambda saga, event, state: {"pivoted": True} if saga.steps[event["seq"]].kind == PIVOT else {},
    "needs_attention": lambda saga, event, state: {"status": "needs_attention"},
    "retry": lambda saga, event, state: {"status": "running" if state["phase"] == "F" else "compensating"},
    "pause": lambda saga, event, state: {"paused": 1},
    "resume": lambda saga, event, state: {"paused": 0},
    "completed": lambda saga, event, state: {"status": "completed", "phase": "F"},
    "compensated": lambda saga, event, state: {"status": "compensated", "phase": "C"},
    "resolved": lambda saga, event, state: {"status": "resolved", "phase": "F" if state["pivoted"] else "C"},
}
