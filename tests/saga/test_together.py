"""Many at a time: what is recorded, woken or performed together costs as much as one, and one's trouble is its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DataError

from domains.kernel import failpoint
from domains.kernel.errors import Pending
from saga import coordinator, store, tables, worker
from saga.transports import inline
from tests.conftest import Clock

from . import lab
from .test_worker import a_command, effects
from .watch import a_run, commits, effects_of, notes_of, now_of, plain, to_the_end, turn

Clients = list[dict[str, Any]]


def together(*commands: dict[str, Any]) -> list[str]:
    """The outcomes of commands that are performed together, in the order of the commands."""
    replies = {reply["cmd_id"]: reply["outcome"] for reply in worker.perform_together(lab.db, list(commands))}
    return [replies[command["cmd_id"]] for command in commands]


@contextmanager
def statements(engine: Any) -> Iterator[list[str]]:
    """What a database is told within the `with`."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def performed(count: int) -> Clients:
    """The replies to the first commands of so many runs."""
    runs = [a_run(plain) for _ in range(count)]
    return [lab.perform(command) or {} for command in first_commands(runs)]


def first_commands(runs: list[Any]) -> Clients:
    with tables.db.begin_read() as session:
        steps = store.steps_of(session, [run.id for run in runs])
        return [store.envelope(vars(run), dict(steps[run.id][0]) | {"wait": 10.0}) for run in runs]


def test_sixty_replies_take_no_more_statements_than_one(transport: inline.Transport) -> None:
    one, many = performed(1), performed(60)

    counts = []
    for replies in (one, many):
        with statements(tables.db.engine) as seen:
            coordinator.handle(replies)
        counts.append(len(seen))

    if tables.db.engine.dialect.name == "postgresql":
        assert counts == [3, 3]  # lock the runs, read their steps, write everything; the clock is the test's
    else:
        assert counts[0] < 15


def test_commands_of_one_message_share_a_commit(transport: inline.Transport) -> None:
    commands = [a_command(uuid4(), 0) for _ in range(16)]

    with commits() as seen:
        outcomes = together(*commands)

    assert (seen, outcomes) == (["lab"], ["OK"] * 16)
    assert all(effects(UUID(one["run_id"])) == [("first", 1)] for one in commands)
    assert together(*commands) == ["OK"] * 16
    assert all(effects(UUID(one["run_id"])) == [("first", 1)] for one in commands), "done once, answered twice"


def test_one_that_is_refused_or_fails_takes_back_only_its_own(transport: inline.Transport) -> None:
    good, refused, failing = uuid4(), uuid4(), uuid4()
    commands = [
        a_command(good, 0), a_command(refused, 0, refuse="first"), a_command(failing, 0, failing="first", breaks=1),
    ]  # fmt: skip

    first, again = together(*commands), together(*commands)

    assert (first, again) == (["OK", "REJECTED", "RETRY"], ["OK", "REJECTED", "OK"])
    assert [effects(one) for one in (good, refused, failing)] == [[("first", 1)], [], [("first", 1)]]


def test_what_waits_leaves_nothing_in_the_inbox(transport: inline.Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, good = uuid4(), uuid4()

    def not_yet(_session: Any, action: Any, envelope: dict[str, Any]) -> dict[str, Any]:
        if envelope["run_id"] == str(waiting):
            raise Pending(waiting_for="approval", retry_after=5.0)
        return {"outcome": "OK", "reply": None}

    monkeypatch.setattr(worker, "_effect", not_yet)

    assert together(a_command(waiting, 0), a_command(good, 0)) == ["PENDING", "OK"]
    with lab.db.begin_read() as session:
        kept = {row.run_id for row in session.execute(lab.db.inbox.select())}
    assert kept == {good}


def test_a_step_and_its_compensation_in_one_message_leave_nothing(transport: inline.Transport) -> None:
    run_id, other = uuid4(), uuid4()

    outcomes = together(a_command(run_id, 0, "C"), a_command(run_id, 0), a_command(other, 0))

    assert outcomes == ["NOOP", "CANCELLED", "OK"]
    assert effects(run_id) == []


def test_the_same_command_twice_in_one_message_has_one_effect(transport: inline.Transport) -> None:
    run_id, other = uuid4(), uuid4()

    assert together(a_command(run_id, 0), a_command(run_id, 0), a_command(other, 0)) == ["OK"] * 3
    assert effects(run_id) == [("first", 1)]


def test_a_database_that_refuses_one_has_the_others_done_one_by_one(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = uuid4(), [uuid4() for _ in range(3)]
    effect = worker._effect

    def refused(session: Any, action: Any, envelope: dict[str, Any]) -> dict[str, Any]:
        if envelope["run_id"] == str(bad):
            raise DataError("INSERT", {}, Exception("out of range"))
        return effect(session, action, envelope)

    monkeypatch.setattr(worker, "_effect", refused)

    with commits() as seen:
        outcomes = together(a_command(good[0], 0), a_command(bad, 0), *(a_command(one, 0) for one in good[1:]))

    assert outcomes == ["OK", "RETRY", "OK", "OK"]
    assert seen == ["lab"] * 3
    assert [effects(one) for one in (*good, bad)] == [[("first", 1)]] * 3 + [[]]


def test_places_to_die_are_reached_when_many_are_done_together(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []
    monkeypatch.setattr(failpoint, "reach", reached.append)

    together(a_command(uuid4(), 0), a_command(uuid4(), 0))

    assert reached == ["lab.first.before_commit"] * 2 + ["lab.first.after_commit"] * 2


def broken_for(monkeypatch: pytest.MonkeyPatch, run_id: UUID) -> None:
    """Let nothing about a run be written down."""
    write = store.apply_all

    def refused(session: Any, decided: list[Any], now: Any) -> None:
        if any(row["id"] == run_id for row, _ in decided):
            raise DataError("UPDATE", {}, Exception("out of range"))
        write(session, decided, now)

    monkeypatch.setattr(store, "apply_all", refused)


def test_a_reply_that_cannot_be_recorded_holds_up_no_other(
    transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = performed(5)
    broken_for(monkeypatch, UUID(replies[2]["run_id"]))

    count = coordinator.handle(replies)

    assert count == 4
    assert sorted(one["run_id"] for one in transport.commands if one["seq"] == 1) == sorted(
        reply["run_id"] for number, reply in enumerate(replies) if number != 2
    )


def test_a_run_that_cannot_be_woken_is_put_off_and_the_others_go_on(
    transport: inline.Transport, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [a_run(plain) for _ in range(4)]
    transport.commands.clear()
    clock.advance(seconds=11)
    broken_for(monkeypatch, runs[1].id)

    woken = coordinator.wake()

    assert woken == 3
    assert {one["run_id"] for one in transport.commands} == {str(run.id) for run in runs} - {str(runs[1].id)}
    assert coordinator.wake() == 0, "it is not tried again at once"
    later = now_of(runs[1]).next_at
    assert later and later > clock.now


def test_several_replies_of_one_run_in_a_batch_are_decided_one_after_the_other(transport: inline.Transport) -> None:
    run = a_run()
    turn()
    [second] = [lab.perform(one) or {} for one in transport.commands]
    transport.commands.clear()

    sent = coordinator.handle([second, second, second])

    assert sent == 1
    assert [note for note in notes_of(run) if note[0] == "done"] == [("done", 0), ("done", 1)]
    to_the_end()
    assert effects_of(run) == [("first", 1), ("second", 1), ("turn", 1), ("last", 25)]
