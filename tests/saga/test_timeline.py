"""A run in words: what a buyer sees of it while it runs, waits, fails and is taken back."""

from __future__ import annotations

import pytest

from domains.kernel.errors import Pending
from domains.kernel.messages import Exchange
from saga import coordinator, definition, tables
from saga.decide import ATTEMPTS
from saga.interventions import possible
from saga.tables import Run
from saga.timeline import TimelineStep, operation_status, percent, timeline, waiting_for
from saga.transports import inline
from tests.conftest import Clock

from . import lab
from .watch import a_run, now_of, plain, to_the_end, turn


def steps_of(run: Run) -> list[TimelineStep]:
    with tables.db.begin_read() as session:
        return timeline(session, now_of(run))


def words(run: Run) -> list[str]:
    return [step.status for step in steps_of(run)]


def seen(run: Run) -> tuple[list[str], str, str | None, int]:
    """The words, the operation's state, what it waits for, and how much is done."""
    return words(run), operation_status(now_of(run)), waiting_for(now_of(run)), percent(steps_of(run))


def still_at_work(request: object, asked_before: bool) -> int:
    raise Pending("provider", retry_after=30.0)


def test_a_run_goes_from_not_started_to_succeeded(transport: inline.Transport) -> None:
    run = a_run(plain)
    stations = [seen(run)]
    while transport.commands:
        turn()
        stations.append(seen(run))

    assert stations == [
        (["working", "not_started", "not_started"], "not_started", None, 0),
        (["done", "working", "not_started"], "running", None, 33),
        (["done", "done", "working"], "running", None, 67),
        (["done", "done", "done"], "succeeded", None, 100),
    ]


def test_a_step_has_a_title_times_and_tries(transport: inline.Transport, clock: Clock) -> None:
    run = a_run(plain)
    started = clock.now
    clock.advance(seconds=3)
    turn()

    first, second, third = steps_of(run)
    assert (first.name, first.title, first.attempts) == ("lab.first", "First", 1)
    assert (first.started_at, first.ended_at, first.next_at, first.error) == (started, clock.now, None, None)
    assert (second.started_at, second.ended_at) == (clock.now, None)
    assert second.next_at and second.next_at > clock.now
    assert (third.started_at, third.attempts, third.next_at) == (None, 0, None)


def test_a_refused_step_says_why_and_what_came_before_is_undone(transport: inline.Transport) -> None:
    run = a_run(refuse="turn")
    for _ in range(3):
        turn()
    back = seen(run)
    to_the_end()

    assert back == (["done", "undoing", "refused", "not_reached"], "running", None, 75)
    assert seen(run) == (["undone", "undone", "refused", "not_reached"], "failed", None, 100)
    error = {"code": "outside_refused", "detail": "The outside says no."}
    assert [step.error for step in steps_of(run)] == [None, None, error, None]
    assert now_of(run).error == error | {"step": "lab.turn"}


def test_a_step_that_fails_for_technical_reasons_is_at_work_until_it_is_done(transport: inline.Transport) -> None:
    run = a_run(failing="first", breaks=2)
    turn()
    first = steps_of(run)[0]
    transport.run_until_quiet()

    assert (first.status, first.attempts, first.error and first.error["code"]) == ("working", 2, "NotNow")
    assert [(step.status, step.error) for step in steps_of(run)] == [("done", None)] * 4


def test_a_step_that_was_given_up_is_undone_with_those_before_it(transport: inline.Transport, clock: Clock) -> None:
    run = a_run(failing="second", breaks=99)
    for _ in range(7):
        transport.run_until_quiet()
    given_up = seen(run)

    assert given_up == (["undone", "undone", "not_reached", "not_reached"], "failed", None, 100)
    error = now_of(run).error
    assert error and error["code"] == "no_answer"


def test_what_waits_for_the_outside_says_so(transport: inline.Transport, clock: Clock) -> None:
    waiting = Exchange("lab.turn", intend=lab.turn.intend, call=still_at_work, record=lab.turn.record)
    run = a_run()
    with lab.replaced(waiting):
        transport.run_until_quiet()

    assert seen(run) == (["done", "done", "waiting", "not_started"], "running", "provider", 50)
    assert steps_of(run)[2].next_at and steps_of(run)[2].attempts == 1


def test_what_a_person_must_look_at_waits_for_support_and_goes_on(transport: inline.Transport, clock: Clock) -> None:
    run = a_run(failing="last", breaks=ATTEMPTS)
    while now_of(run).status != "needs_attention":
        turn()
        coordinator.wake()
    stuck = seen(run)
    transport.run_until_quiet()

    assert stuck == (["done", "done", "done", "working"], "running", "support", 75)
    assert seen(run) == (["done"] * 4, "succeeded", None, 100)


@pytest.mark.parametrize("silence", [1, 3])
def test_silence_counts_as_a_try(transport: inline.Transport, clock: Clock, silence: int) -> None:
    run = a_run()
    for _ in range(silence):
        transport.commands.clear()
        clock.advance(seconds=11)
        coordinator.wake()

    first = steps_of(run)[0]
    assert (first.status, first.attempts, operation_status(now_of(run))) == ("working", 1 + silence, "running")


def test_a_run_of_a_version_that_is_not_known_here_can_be_read(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run()
    turn()
    monkeypatch.setattr(definition, "_registry", {})

    assert [(step.title, step.status) for step in steps_of(run)] == [("lab.first", "done"), ("lab.second", "working")]
    with tables.db.begin_read() as session:
        assert possible(session, now_of(run)) == ()
