"""Runs of the laboratory as programs of the operator and of customers work on them."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from saga import coordinator, tables
from saga.definition import Saga
from saga.tables import Run
from tests.conftest import Clock
from tests.saga import lab
from tests.saga.watch import a_run, now_of, plain, to_the_end

from .program import Program

of_the_house = Saga("lab-house", lab.Plan, plain.steps, house=True)


def set_run(run: Run, **columns: Any) -> None:
    """What a run says of itself, otherwise than it came to be."""
    with tables.db.begin() as session:
        session.execute(tables.run.update().where(tables.run.c.id == run.id).values(**columns))


def found(operator: Program, query: str = "") -> list[str]:
    """The ids of the runs that a filter finds."""
    return [one["id"] for one in operator.get(f"/runs{query}").json["items"]]


def ids(*runs: Run) -> list[str]:
    return [str(run.id) for run in runs]


def wish(run: dict[str, Any], op: str, **but: Any) -> dict[str, Any]:
    return {"op": op, "expected_rev": run["rev"], "reason": "The provider is back."} | but


def act(operator: Program, run: Run, op: str, **but: Any) -> TestResponse:
    """Step in as somebody who has just looked."""
    return operator.post(f"/runs/{run.id}/interventions", wish({"rev": now_of(run).rev}, op, **but))


def in_trouble(clock: Clock, **plan: Any) -> Run:
    """A run whose last step fails so often that a person must look."""
    run = a_run(failing="last", breaks=99, **plan)
    for _ in range(14):
        to_the_end()
        clock.advance(minutes=6)
        coordinator.wake()
    return now_of(run)
