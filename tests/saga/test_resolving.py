"""Runs that a person gives up on: what can be taken back is, and what cannot is left to the person."""

from __future__ import annotations

import pytest

from domains.kernel.errors import Conflict
from saga import coordinator, decide, tables
from saga.timeline import operation_status, timeline
from saga.transports import inline

from . import lab
from .asking import ask, at_step, in_doubt
from .watch import effects_of, notes_of, now_of, to_the_end


def test_a_pivot_that_never_happened_is_withdrawn_before_the_run_is_resolved(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "ATTEMPTS", 1)
    run = at_step(2)
    lost = transport.commands.popleft()
    coordinator.handle([{key: lost[key] for key in ("cmd_id", "run_id", "seq", "phase")} | {"outcome": "RETRY"}])

    ask(run, "resolve")
    to_the_end()
    transport.commands.append(lost)  # it comes after all
    to_the_end()

    after = now_of(run)
    assert (after.status, operation_status(after)) == ("resolved", "failed")
    assert run.resource_id not in lab.outside
    assert sum(amount for _, amount in effects_of(run)) == 0


def test_a_pivot_that_did_happen_takes_a_run_on_that_was_to_be_resolved(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "ATTEMPTS", 1)
    run = at_step(2)
    command = transport.commands[0]
    lab.perform(command)  # and its reply is lost
    transport.commands.clear()
    coordinator.handle([{key: command[key] for key in ("cmd_id", "run_id", "seq", "phase")} | {"outcome": "RETRY"}])

    ask(run, "resolve")
    to_the_end()

    after = now_of(run)
    assert (after.status, after.pivoted, after.error) == ("completed", True, None)
    assert sorted(effects_of(run)) == [("first", 1), ("last", 25), ("second", 1), ("turn", 1)]
    with tables.db.begin_read() as session:
        assert [step.status for step in timeline(session, after)] == ["done"] * 4


def test_an_answer_of_the_outside_that_comes_after_a_withdrawal_is_not_recorded(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = in_doubt(monkeypatch, breaks=1)  # the outside was asked, and gave no answer

    ask(run, "resolve")
    to_the_end()

    assert now_of(run).status == "resolved"
    assert [name for name, _ in effects_of(run)] == ["first", "second", "second", "first"]


@pytest.mark.parametrize("op", ["skip", "resolve"])
def test_a_withdrawal_itself_cannot_be_given_up_for_the_pivot_could_still_happen(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch, op: str
) -> None:
    monkeypatch.setattr(decide, "ATTEMPTS", 1)
    run = at_step(2)
    for asked in ("resolve", ""):
        command = transport.commands.popleft()
        reply = {key: command[key] for key in ("cmd_id", "run_id", "seq", "phase")}
        coordinator.handle([reply | {"outcome": "RETRY"}])
        if asked:
            ask(run, asked)
    before = now_of(run)
    assert (before.status, before.phase) == ("needs_attention", "F")

    with pytest.raises(Conflict) as raised:
        ask(run, op)

    assert raised.value.code == "not_possible_now"
    assert now_of(run) == before


def test_a_step_after_the_pivot_can_be_given_up_and_the_run_ends_resolved(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = in_doubt(monkeypatch, seq=3)

    ask(run, "resolve")
    to_the_end()

    after = now_of(run)
    assert (after.status, operation_status(after)) == ("resolved", "succeeded")
    assert ("resolved", None) in notes_of(run)


@pytest.mark.parametrize(("op", "status"), [("skip", "completed"), ("resolve", "resolved")])
def test_a_step_that_a_person_has_done_by_hand_does_not_happen_when_its_command_comes_late(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch, op: str, status: str
) -> None:
    monkeypatch.setattr(decide, "ATTEMPTS", 1)
    run = at_step(3)
    lost = transport.commands.popleft()
    coordinator.handle([{key: lost[key] for key in ("cmd_id", "run_id", "seq", "phase")} | {"outcome": "RETRY"}])

    ask(run, op)
    to_the_end()
    before = now_of(run)
    transport.commands.append(lost)
    to_the_end()

    assert before.status == status
    assert now_of(run) == before
    assert "last" not in dict(effects_of(run))


@pytest.mark.parametrize("op", ["skip", "resolve"])
def test_a_step_that_had_happened_when_a_person_gave_it_up_counts_as_done(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch, op: str
) -> None:
    monkeypatch.setattr(decide, "ATTEMPTS", 1)
    run = at_step(3)
    command = transport.commands.popleft()
    lab.perform(command)  # and its reply is lost
    coordinator.handle([{key: command[key] for key in ("cmd_id", "run_id", "seq", "phase")} | {"outcome": "RETRY"}])

    ask(run, op)
    to_the_end()

    after = now_of(run)
    assert (after.status, after.error) == ("completed", None)
    with tables.db.begin_read() as session:
        assert timeline(session, after)[3].status == "done"


def test_a_step_that_was_skipped_and_is_taken_back_later_is_taken_back_whole(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_step(1, refuse="turn")
    with tables.db.begin() as session:
        session.execute(tables.run.update().values(status="needs_attention", attention="waiting_too_long"))

    ask(run, "skip", outputs={"booked": 7})
    to_the_end()

    assert now_of(run).status == "compensated"
    assert sum(amount for _, amount in effects_of(run)) == 0
