"""What people may do to runs, and what comes of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from domains.kernel import sealing
from domains.kernel.errors import Conflict, Invalid, Locked, NotFound, Refused
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin, Scope
from saga import coordinator, decide, tables
from saga.interventions import intervene, interventions_of, possible
from saga.timeline import operation_status
from saga.transports import inline

from . import lab
from .asking import ANNE, BERT, ask, at_step, in_doubt, later
from .watch import a_run, effects_of, notes_of, now_of, to_the_end, turn


@pytest.mark.parametrize("seq", [0, 1])
def test_before_the_pivot_was_sent_a_run_can_be_cancelled_and_leaves_nothing(
    transport: inline.Transport, seq: int
) -> None:
    run = at_step(seq)

    ask(run, "cancel", reason="")
    to_the_end()

    after = now_of(run)
    assert (after.status, operation_status(after)) == ("compensated", "canceled")
    assert sum(amount for _, amount in effects_of(run)) == 0
    assert run.resource_id not in lab.outside


@pytest.mark.parametrize("seq", [2, 3])
@pytest.mark.parametrize("op", ["cancel", "compensate"])
def test_after_the_pivot_was_sent_a_run_can_only_go_on(transport: inline.Transport, seq: int, op: str) -> None:
    run = at_step(seq)
    before = now_of(run)

    with pytest.raises(Conflict, match="point of no return"):
        ask(run, op)

    assert now_of(run) == before
    to_the_end()
    assert now_of(run).status == "completed"


def test_nothing_can_be_done_to_a_run_that_has_ended(transport: inline.Transport) -> None:
    run = a_run()
    to_the_end()

    for op in ("cancel", "retry", "compensate", "skip", "resolve", "pause", "resume"):
        with pytest.raises(Conflict, match="ended"):
            ask(run, op)


def test_who_acts_on_an_older_state_of_the_run_changes_nothing(transport: inline.Transport) -> None:
    run = a_run()
    seen = now_of(run).rev
    turn()
    before = now_of(run)

    with pytest.raises(Conflict) as raised:
        ask(run, "pause", expected_rev=seen)

    assert raised.value.code == "version_conflict"
    assert now_of(run) == before


def test_a_run_out_of_scope_cannot_be_found(transport: inline.Transport) -> None:
    run = a_run()

    with pytest.raises(NotFound):
        intervene(Scope.customer(uuid4()), run.id, "cancel", actor=ANNE)


@pytest.mark.parametrize(("op", "reason"), [("retry", ""), ("pause", "  "), ("pause", "x" * 501), ("explode", "why")])
def test_what_is_asked_must_be_known_and_give_a_reason(transport: inline.Transport, op: str, reason: str) -> None:
    run = a_run()

    with pytest.raises(Invalid):
        ask(run, op, reason=reason)


def test_a_paused_run_records_replies_and_sends_nothing_until_it_goes_on(transport: inline.Transport) -> None:
    run = a_run()
    ask(run, "pause")

    turn()
    with later(3600):
        coordinator.wake()

    assert now_of(run).seq == 1
    assert not transport.commands
    ask(run, "resume")
    to_the_end()
    assert now_of(run).status == "completed"


def test_a_retry_asks_at_once_and_starts_the_count_anew(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = in_doubt(monkeypatch)

    after = ask(run, "retry")

    assert (after.status, after.attention) == ("running", None)
    to_the_end()
    assert now_of(run).status == "completed"
    assert lab.outside[run.resource_id] == 1


def test_what_was_refused_for_good_is_asked_anew_under_another_id(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_step(3)
    monkeypatch.setattr(lab, "_work", _no)
    turn()
    assert now_of(run).attention == "refused_after_pivot"
    monkeypatch.undo()

    ask(run, "retry")
    to_the_end()

    assert now_of(run).status == "completed"
    assert effects_of(run)[-1] == ("last", 25)
    with tables.db.begin_read() as session:
        rows = session.execute(tables.run_step.select().where(tables.run_step.c.run_id == run.id)).all()
    assert sorted((row.gen, row.status) for row in rows if row.seq == 3) == [(0, "REFUSED"), (1, "DONE")]


def _no(*_: Any) -> None:
    raise Refused("The laboratory says no.", code="lab_refused")


def test_a_skipped_step_counts_as_done_with_what_the_operator_gives(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = in_doubt(monkeypatch)

    ask(run, "skip")
    to_the_end()

    after = now_of(run)
    assert (after.status, after.pivoted) == ("completed", True)
    assert ("skipped", 2) in notes_of(run)


def test_a_skip_must_give_what_later_steps_read(transport: inline.Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    run = at_step(1)
    with tables.db.begin() as session:
        session.execute(tables.run.update().values(status="needs_attention", attention="waiting_too_long"))

    for outputs in ({}, {"booked": "many"}):
        with pytest.raises(Invalid, match=r"output|given"):
            ask(run, "skip", outputs=outputs)

    transport.commands.clear()
    ask(run, "skip", outputs={"booked": 7})
    to_the_end()
    assert effects_of(run)[-1] == ("last", 7)


def test_to_leave_an_effect_standing_needs_a_second_person(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "ATTEMPTS", 1)
    run = at_step(1, refuse="second")
    turn()
    undo = transport.commands.popleft()
    coordinator.handle([{key: undo[key] for key in ("cmd_id", "run_id", "seq", "phase")} | {"outcome": "RETRY"}])

    for _ in range(2):
        assert ask(run, "skip").status == "needs_attention"
    after = ask(run, "skip", BERT)

    assert after.status == "compensated"
    assert effects_of(run) == [("first", 1)]
    with tables.db.begin_read() as session:
        assert [one.actor["name"] for one in interventions_of(session, run.id)] == ["Anne", "Anne", "Bert"]


def test_whatever_a_person_does_is_kept_with_who_why_and_when_and_audited(transport: inline.Transport) -> None:
    run, why = a_run(), "The provider asked us to wait."

    ask(run, "pause", reason=why)

    with tables.db.begin_read() as session:
        [kept] = interventions_of(session, run.id)
        event = session.execute(tables.run_event.select().order_by(tables.run_event.c.id.desc())).first()
        [entry] = session.execute(tables.db.audit_entry.select()).all()
        [origin] = session.execute(tables.db.audit_origin.select()).all()
        allowed = possible(session, now_of(run))
    assert (kept.op, kept.rev, kept.actor["name"], kept.reason) == (
        "pause",
        1,
        "Anne",
        "The provider asked us to wait.",
    )
    assert event is not None
    assert (event.kind, event.actor, event.data) == ("pause", "Anne", {"reason": "The provider asked us to wait."})
    assert (entry.action, origin.actor_name, entry.subject_id, entry.run_id) == ("saga.pause", "Anne", run.id, run.id)
    assert sealing.seal(tables.db, "key") == 1
    assert list(sealing.verify(tables.db, "key")) == []
    assert allowed == ("cancel", "compensate", "resume")


def test_why_staff_steer_a_run_stands_in_their_own_trail_and_not_in_its_customers(transport: inline.Transport) -> None:
    run, home_id = a_run(), uuid4()

    with acting(origin=Origin(home_id=home_id)):
        ask(run, "pause", reason="The provider says that they never pay.")

    entry, value = tables.db.audit_entry, tables.db.audit_value
    query = select(entry.c.customer_id, value.c.after).join(value, value.c.entry_id == entry.c.id)
    with tables.db.begin_read() as session:
        told = {row.customer_id: row.after for row in session.execute(query)}
    assert told[run.customer_id] == {"rev": 1}
    assert told[home_id]["reason"] == "The provider says that they never pay."


def test_while_its_pivot_is_held_back_a_run_can_be_cancelled(transport: inline.Transport) -> None:
    run = at_step(1)
    ask(run, "pause")
    turn()
    assert now_of(run).seq == 2

    ask(run, "cancel")
    ask(run, "resume")
    to_the_end()

    after = now_of(run)
    assert (after.status, operation_status(after)) == ("compensated", "canceled")
    assert run.resource_id not in lab.outside


def test_what_another_run_holds_is_waited_for_but_not_for_ever(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: Any) -> None:
        raise Locked(Conflict("Another change is under way.", code="change_in_progress"))

    monkeypatch.setattr(lab, "_work", held)
    run = at_step(0)
    turn()
    assert now_of(run).status == "running"
    with later(20):
        coordinator.wake()
        turn()
        assert (now_of(run).status, now_of(run).seq) == ("running", 0)
    with later(40):
        coordinator.wake()
        to_the_end()

    after = now_of(run)
    assert after.status == "compensated"
    assert after.error == {"code": "change_in_progress", "detail": "Another change is under way.", "step": "lab.first"}
