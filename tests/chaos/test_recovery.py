"""What a fault has cost is told from histories: a lost command, an outage that holds up its repetition, a backoff."""

from __future__ import annotations

from typing import Any

import pytest

from .recovery import Standstills, standstills
from .world import World

RUN = {"id": "run"}
STEP = {"seq": 0, "phase": "F", "queue": "larder"}


def measured(strikes: list[dict[str, Any]], *happened: tuple[float, str]) -> Standstills:
    """One run of which the first step was sent at 0 s, and what happened to it then."""
    events = [{"seq": 0, "kind": kind, "at": at, "data": {"phase": "F"}} for at, kind in ((0.0, "sent"), *happened)]
    world = World([RUN], {"run": [STEP]}, {"run": events}, {}, [], [])
    return standstills(world, strikes, lambda queue: 10.0)


def a_strike(began: float, ended: float, *, stops: bool = False) -> dict[str, Any]:
    return {"k": "K9", "what": "a fault", "began": began, "ended": ended, "kills": 1, "stops": stops}


def test_a_lost_command_costs_the_time_from_the_fault_to_the_answer_of_the_next() -> None:
    found = measured([a_strike(0.9, 1.0)], (10.0, "unanswered"), (10.4, "done"))

    assert found.after == {0: pytest.approx(9.4)}
    assert (found.beyond, found.unexplained) == ([], [])


def test_what_takes_longer_than_a_repetition_is_told() -> None:
    assert len(measured([a_strike(0.9, 1.0)], (10.0, "unanswered"), (13.5, "done")).beyond) == 1


def test_a_command_that_nothing_has_lost_and_is_sent_again_is_told() -> None:
    assert len(measured([], (10.0, "unanswered"), (10.4, "done")).unexplained) == 1
    assert len(measured([a_strike(20.0, 21.0)], (10.0, "unanswered"), (10.4, "done")).unexplained) == 1


def test_while_another_server_is_away_the_clock_stands() -> None:
    strikes = [a_strike(0.9, 1.0), a_strike(5.0, 30.0, stops=True), a_strike(31.0, 31.1)]

    found = measured(strikes, (30.5, "unanswered"), (31.0, "done"))

    assert found.after == {0: pytest.approx(5.0)}
    assert found.beyond == []


def test_an_outage_that_goes_on_has_not_kept_the_answer_away() -> None:
    strikes = [a_strike(0.9, 1.0), a_strike(5.0, 30.0, stops=True)]

    assert measured(strikes, (10.0, "unanswered"), (13.5, "done")).after == {0: pytest.approx(12.5)}


@pytest.mark.parametrize("answer", ["failed", "locked", "away"])
def test_a_failed_try_backs_off_and_is_none_that_was_lost(answer: str) -> None:
    found = measured([a_strike(0.9, 1.0)], (1.1, answer), (17.0, "sent_again"), (17.1, "done"))

    assert found.backoff == pytest.approx(15.9)
    assert found.after == {0: pytest.approx(0.1)}
