"""Parallel groups: sent together, joined when all are done, taken back one by one when one of them comes to nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domains.kernel import clock
from saga import coordinator
from saga.decide import ATTEMPTS
from saga.definition import BadDefinition, Saga, pivot, step, together
from saga.transports import inline

from . import lab
from .asking import ask
from .watch import a_run, effects_of, now_of, to_the_end, turn

grouped = Saga("lab-grouped", lab.Plan, (
    *together(
        step(lab.first, compensation=lab.undo_first, title="First"),
        step(lab.second, compensation=lab.undo_second, gives=("booked",), title="Second"),
    ),
    pivot(lab.turn, title="The outside"),
    step(lab.last, title="Last"),
))  # fmt: skip


behind = Saga("lab-grouped-behind", lab.Plan, (
    pivot(lab.first, title="First"),
    *together(step(lab.undo_first, title="Other"), step(lab.second, gives=("booked",), title="Second")),
))  # fmt: skip


def test_of_a_group_the_step_is_skipped_that_was_refused(transport: inline.Transport) -> None:
    run = a_run(behind, refuse="second")
    turn()
    other = transport.commands.popleft()
    failed = {key: other[key] for key in ("cmd_id", "run_id", "seq", "phase")}
    failed |= {"outcome": "RETRY", "error": {"code": "Closed", "detail": ""}}
    coordinator.handle([failed])
    turn()
    assert now_of(run).attention == "refused_after_pivot"

    ask(run, "skip", outputs={"booked": 25})
    transport.commands.append(other)
    to_the_end()

    assert (now_of(run).status, now_of(run).outputs) == ("completed", {"booked": 25})
    assert effects_of(run) == [("first", 1), ("first", -1)]


def test_the_steps_of_a_group_are_sent_together_and_the_last_one_done_takes_the_run_on(
    transport: inline.Transport,
) -> None:
    run = a_run(grouped)
    assert [one["name"] for one in transport.commands] == ["lab.first", "lab.second"]

    transport.commands.rotate(1)
    to_the_end()

    assert now_of(run).status == "completed"
    assert sorted(effects_of(run)) == [("first", 1), ("last", 25), ("second", 1), ("turn", 1)]


def test_a_group_goes_on_only_when_all_of_it_is_done(transport: inline.Transport) -> None:
    run = a_run(grouped)
    waiting = transport.commands.pop()

    turn()

    assert (now_of(run).seq, transport.commands) == (0, type(transport.commands)())
    transport.commands.append(waiting)
    turn()
    assert [one["name"] for one in transport.commands] == ["lab.turn"]


@pytest.mark.parametrize("refused", ["first", "second"])
def test_a_refusal_in_a_group_takes_back_the_others_wherever_they_are(
    transport: inline.Transport, refused: str
) -> None:
    run = a_run(grouped, refuse=refused)
    late = next(one for one in transport.commands if not one["name"].endswith(refused))
    transport.commands.remove(late)

    to_the_end()
    transport.commands.append(late)  # it comes after its compensation
    to_the_end()

    assert now_of(run).status == "compensated"
    assert effects_of(run) == []


def test_a_group_that_was_done_is_taken_back_newest_first(transport: inline.Transport) -> None:
    run = a_run(grouped, refuse="turn")

    to_the_end()

    assert effects_of(run)[2:] == [("second", -1), ("first", -1)]


def test_of_a_group_only_the_step_that_is_silent_is_asked_again(transport: inline.Transport) -> None:
    run = a_run(grouped)
    transport.commands.pop()
    turn()
    due = now_of(run).next_at
    assert due is not None

    with clock.frozen_at(due + timedelta(seconds=1)):
        coordinator.wake()

    assert [(one["name"], one["send_no"]) for one in transport.commands] == [("lab.second", 2)]


@pytest.mark.parametrize("steps", [
    (*together(step(lab.first, compensation=lab.undo_first, title=""), pivot(lab.turn, title="")),),
    (*together(step(lab.second, compensation=lab.undo_second, gives=("booked",), title=""),
               step(lab.last, compensation=lab.undo_first, title="")),),
    (*together(step(lab.first, compensation=lab.undo_first, title=""))[1:],
     *together(step(lab.first, compensation=lab.undo_first, title=""), pivot(lab.turn, title=""))[1:]),
])  # fmt: skip
def test_a_group_with_a_pivot_or_that_feeds_itself_is_no_definition(steps: tuple[object, ...]) -> None:
    with pytest.raises(BadDefinition):
        Saga("lab-wrong", lab.Plan, steps)  # type: ignore[arg-type]


def test_tries_are_counted_for_each_step_of_a_group_alone(transport: inline.Transport) -> None:
    run = a_run(grouped, failing="second", breaks=ATTEMPTS - 1)
    for _ in range(ATTEMPTS):
        transport.run_until_quiet()

    assert now_of(run).status == "completed"
