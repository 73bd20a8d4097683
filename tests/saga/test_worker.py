"""The worker's barrier: an effect happens once, and never after it was taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from domains.kernel.errors import DomainError, NotFound, Refused
from saga.transports import inline
from saga.turn import command_id

from . import lab


def a_command(run_id: UUID, seq: int, phase: str = "F", **plan: Any) -> dict[str, Any]:
    step = lab.lab.steps[seq]
    name = step.name if phase == "F" else f"lab.undo_{step.name.split('.')[1]}"
    body = {"thing": str(run_id), "refuse": "", "failing": "", "breaks": 0, "booked": 25} | plan
    return {
        "v": 1, "cmd_id": str(command_id(run_id, seq, phase)), "name": name, "queue": "lab", "run_id": str(run_id),
        "seq": seq, "phase": phase, "gen": 0, "send_no": 1, "attempt": 0, "customer_id": str(uuid4()),
        "actor": {"kind": "user", "id": "u", "name": "Una"}, "request_id": "r", "traceparent": "", "body": body,
    }  # fmt: skip


def effects(thing: UUID) -> list[tuple[str, int]]:
    with lab.db.begin_read() as session:
        query = select(lab.Effect.name, func.sum(lab.Effect.amount)).where(lab.Effect.thing == thing)
        return [tuple(row) for row in session.execute(query.group_by(lab.Effect.name).order_by(lab.Effect.name))]


def test_a_command_that_comes_twice_has_one_effect_and_the_same_reply(transport: inline.Transport) -> None:
    run_id = uuid4()

    replies = [lab.perform(a_command(run_id, 1)) for _ in range(3)]

    assert effects(run_id) == [("second", 1)]
    assert [reply["reply"] for reply in replies if reply] == [{"booked": 25}] * 3


def test_a_refusal_leaves_no_effect_and_stays_a_refusal(transport: inline.Transport) -> None:
    run_id = uuid4()

    first = lab.perform(a_command(run_id, 0, refuse="first"))
    again = lab.perform(a_command(run_id, 0))

    assert effects(run_id) == []
    assert first and again
    assert first["outcome"] == again["outcome"] == "REJECTED"
    assert again["error"] == {"code": "lab_refused", "detail": "The laboratory says no."}


def test_a_technical_failure_leaves_nothing_at_all(transport: inline.Transport) -> None:
    run_id = uuid4()

    broken = lab.perform(a_command(run_id, 0, failing="first", breaks=1))
    mended = lab.perform(a_command(run_id, 0, failing="first", breaks=1))

    assert broken and mended
    assert (broken["outcome"], mended["outcome"]) == ("RETRY", "OK")
    assert effects(run_id) == [("first", 1)]


def test_a_compensation_without_its_step_does_nothing_and_keeps_the_step_from_happening(
    transport: inline.Transport,
) -> None:
    run_id = uuid4()

    back = lab.perform(a_command(run_id, 0, "C"))
    late = lab.perform(a_command(run_id, 0))

    assert back and late
    assert (back["outcome"], late["outcome"]) == ("NOOP", "CANCELLED")
    assert effects(run_id) == []


def test_a_compensation_of_a_refused_step_does_nothing(transport: inline.Transport) -> None:
    run_id = uuid4()
    lab.perform(a_command(run_id, 0, refuse="first"))

    back = lab.perform(a_command(run_id, 0, "C"))

    assert back and back["outcome"] == "NOOP"
    assert effects(run_id) == []


def test_an_exchange_that_got_no_answer_is_looked_up_and_not_done_again(transport: inline.Transport) -> None:
    run_id = uuid4()

    silent = lab.perform(a_command(run_id, 2, failing="turn", breaks=1))
    found = lab.perform(a_command(run_id, 2, failing="turn", breaks=1))

    assert silent and found
    assert (silent["outcome"], found["outcome"]) == ("RETRY", "OK")
    assert lab.outside[run_id] == 1
    assert effects(run_id) == [("turn", 1)]


def test_an_older_try_of_an_exchange_records_nothing_after_a_newer_one(transport: inline.Transport) -> None:
    run_id = uuid4()

    def overtaken(request: Any, asked_before: bool) -> int:
        if not asked_before:
            assert lab.perform(a_command(run_id, 2))
        return 7

    slow = lab.Exchange("lab.turn", intend=lab._intend, call=overtaken, record=lab._record)
    with lab.replaced(slow):
        reply = lab.perform(a_command(run_id, 2))

    assert reply is None
    assert effects(run_id) == [("turn", 7)]


def test_a_yes_from_outside_that_we_cannot_store_is_asked_for_again_and_never_a_no(transport: inline.Transport) -> None:
    run_id, tries = uuid4(), iter([Refused("Ours says no.", code="ours"), NotFound("Gone.")])

    def record(session: Session, answer: int, *, thing: UUID) -> None:
        for trouble in tries:
            raise trouble
        lab._record(session, answer, thing=thing)

    exchange = lab.Exchange("lab.turn", intend=lab._intend, call=lab._call, record=record)
    with lab.replaced(exchange):
        replies = [lab.perform(a_command(run_id, 2)) for _ in range(4)]

    assert [reply["outcome"] for reply in replies if reply] == ["RETRY", "RETRY", "OK", "OK"]
    assert lab.outside[run_id] == 1, "it was looked up, not asked for twice"
    assert effects(run_id) == [("turn", 1)]


def test_a_no_in_words_that_a_database_does_not_take_is_a_no(transport: inline.Transport) -> None:
    run_id, kept = uuid4(), []

    def refuse(session: Session, refusal: DomainError, *, thing: UUID) -> None:
        if refusal.code == "outside_refused":
            raise DataError("UPDATE", {}, Exception("a NUL"))
        kept.append(refusal.code)

    exchange = lab.Exchange("lab.turn", intend=lab._intend, call=lab._call, record=lab._record, refuse=refuse)
    with lab.replaced(exchange):
        reply = lab.perform(a_command(run_id, 2, refuse="turn"))

    assert reply and (reply["outcome"], reply["error"]["code"]) == ("REJECTED", "reason_unreadable")
    assert kept == ["reason_unreadable"]


def test_what_was_asked_outside_is_not_refused_by_us_afterwards(transport: inline.Transport) -> None:
    run_id, asked = uuid4(), []

    def intend(session: Session, *, thing: UUID, refuse: str, failing: str, breaks: int) -> Any:
        asked.append(thing)
        if len(asked) == 2:
            raise Refused("Not any more.", code="too_late")
        return lab._intend(session, thing=thing, refuse=refuse, failing=failing, breaks=breaks)

    exchange = lab.Exchange("lab.turn", intend=intend, call=lab._call, record=lab._record)
    with lab.replaced(exchange):
        replies = [lab.perform(a_command(run_id, 2, failing="turn", breaks=1)) for _ in range(3)]

    assert [reply["outcome"] for reply in replies if reply] == ["RETRY", "RETRY", "OK"]
    assert effects(run_id) == [("turn", 1)]


def test_a_command_that_no_flow_uses_is_not_performed(transport: inline.Transport) -> None:
    command = a_command(uuid4(), 0) | {"name": "users.set_password"}

    reply = lab.perform(command)

    assert reply and reply["outcome"] == "RETRY"
    assert reply["error"]["code"] == "KeyError"
