"""A run that has not reached its pivot by its deadline is taken back, on whatever way it comes there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from saga import coordinator, definition
from saga.definition import Saga
from saga.transports import inline

from . import lab
from .asking import ask, later
from .watch import a_run, effects_of, now_of, to_the_end, turn


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Saga:
    with monkeypatch.context() as patch:
        patch.setattr("saga.definition._registry", {})
        made = replace(lab.lab, name="lab-hurried", deadline=timedelta(minutes=5))
    monkeypatch.setitem(definition._registry, ("lab-hurried", 1), made)
    return made


def test_a_run_that_has_not_reached_its_pivot_by_its_deadline_is_taken_back(
    transport: inline.Transport, hurried: Saga
) -> None:
    run = a_run(hurried)
    turn()
    ask(run, "pause")

    with later(400):
        ask(run, "resume")
        transport.commands.clear()
    with later(500):
        coordinator.wake()
        to_the_end()

    after = now_of(run)
    assert after.status == "compensated"
    assert sum(amount for _, amount in effects_of(run)) == 0


def test_a_reply_that_is_recorded_after_the_deadline_does_not_lead_to_the_pivot(
    transport: inline.Transport, hurried: Saga
) -> None:
    run = a_run(hurried)
    turn()

    with later(400):
        to_the_end()

    after = now_of(run)
    assert after.status == "compensated"
    assert after.error == {"code": "no_answer", "detail": "", "step": "lab.turn"}
    assert run.resource_id not in lab.outside
    assert sum(amount for _, amount in effects_of(run)) == 0


def test_a_pivot_that_is_held_back_past_the_deadline_is_never_sent(transport: inline.Transport, hurried: Saga) -> None:
    run = a_run(hurried)
    turn()
    ask(run, "pause")
    turn()
    assert now_of(run).seq == 2

    with later(400):
        ask(run, "resume")
        to_the_end()

    assert now_of(run).status == "compensated"
    assert run.resource_id not in lab.outside
