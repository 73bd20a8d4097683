"""The coordinator: any number of them, alive or dying, carry each run on exactly once."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from domains.kernel import config, database
from domains.kernel.config import Settings
from domains.kernel.messages import Exchange
from saga import coordinator, definition, store, tables
from saga.definition import Saga, pivot
from saga.transports import inline
from tests.conftest import Clock

from . import lab
from .watch import a_run, at_the_same_time, commits, effects_of, now_of, plain, to_the_end, turn

ALL = [("first", 1), ("second", 1), ("turn", 1), ("last", 25)]


def sent(transport: inline.Transport) -> list[tuple[str, int]]:
    """The commands that wait, and how often each was sent."""
    return [(one["name"], one["send_no"]) for one in transport.commands]


def lose(transport: inline.Transport) -> None:
    transport.commands.clear()
    transport.replies.clear()


def test_a_command_that_got_lost_is_sent_again_in_time(transport: inline.Transport, clock: Clock) -> None:
    run = a_run()
    lose(transport)

    clock.advance(seconds=9.9)
    early = coordinator.wake()
    clock.advance(seconds=0.2)
    woken = coordinator.wake()
    again = coordinator.wake()

    assert (early, woken, again, sent(transport)) == (0, 1, 0, [("lab.first", 2)])
    to_the_end()
    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)


def test_a_reply_that_got_lost_is_given_again_with_one_effect(transport: inline.Transport, clock: Clock) -> None:
    run = a_run()
    for _ in range(4):
        transport.perform_next()
        lose(transport)
        clock.advance(seconds=31)
        coordinator.wake()
        turn()

    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)


def test_many_replies_are_recorded_in_one_commit(transport: inline.Transport) -> None:
    runs = [a_run() for _ in range(10)]
    while transport.commands:
        transport.perform_next()

    with commits() as seen:
        count = coordinator.handle(list(transport.replies))

    assert (seen, count, len(transport.commands)) == (["saga"], 10, 10)
    assert {now_of(run).seq for run in runs} == {1}


def test_replies_that_nobody_waits_for_change_nothing(transport: inline.Transport) -> None:
    run = a_run()
    transport.perform_next()
    reply = transport.replies.popleft()
    coordinator.handle([reply])
    before = now_of(run)

    coordinator.handle([reply, reply])
    unknown = coordinator.handle([reply | {"run_id": "0193aa00-0000-7000-8000-000000000001"}])

    assert unknown == 0
    assert now_of(run) == before
    assert sent(transport) == [("lab.second", 1)]


def test_an_ended_run_is_not_moved_by_anything(transport: inline.Transport, clock: Clock) -> None:
    run = a_run()
    replies: list[Any] = []
    while transport.commands:
        transport.perform_next()
        replies += transport.replies
        turn()
    ended = now_of(run)

    coordinator.handle(replies)
    clock.advance(days=2)

    assert coordinator.wake() == 0
    after = now_of(run)
    assert (after.status, after.seq, after.ended_at, after.next_at) == ("completed", ended.seq, ended.ended_at, None)
    assert effects_of(run) == ALL


def test_two_coordinators_that_wake_together_send_each_command_once(transport: inline.Transport, clock: Clock) -> None:
    runs = [a_run() for _ in range(20)]
    lose(transport)
    clock.advance(seconds=11)

    woken = at_the_same_time(coordinator.wake, coordinator.wake)
    rest = coordinator.wake()

    assert sum(woken) + rest == 20
    assert len({one["cmd_id"] for one in transport.commands}) == len(transport.commands) == len(runs)


def test_two_coordinators_with_the_same_reply_go_on_once(transport: inline.Transport, clock: Clock) -> None:
    runs = [a_run() for _ in range(5)]
    while transport.commands:
        transport.perform_next()
    replies = list(transport.replies)

    counts = at_the_same_time(lambda: coordinator.handle(replies), lambda: coordinator.handle(replies[::-1]))

    assert sorted(counts) == [0, 5]
    assert sent(transport) == [("lab.second", 1)] * 5
    assert {now_of(run).seq for run in runs} == {1}


def test_a_coordinator_that_dies_holds_nothing_back(transport: inline.Transport, clock: Clock) -> None:
    run = a_run()
    transport.perform_next()
    replies = list(transport.replies)
    settings = config.current()
    database.bind(settings)
    child = os.fork()
    if child == 0:
        database.bind(replace(settings, failpoint="coordinator.before_commit"))
        coordinator.handle(replies)
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    assert now_of(run).seq == 0
    assert coordinator.handle(replies) == 1
    assert now_of(run).seq == 1


def test_a_run_that_cannot_be_decided_holds_up_no_other(transport: inline.Transport, clock: Clock) -> None:
    newer = Saga("lab-newer", lab.Plan, (pivot(lab.first, title="First"),), version=2)
    strange, ours = a_run(newer), a_run()
    while transport.commands:
        transport.perform_next()
    replies = list(transport.replies)
    del definition._registry["lab-newer", 2]  # from here on this process is one of before that version

    coordinator.handle(replies)
    clock.advance(seconds=11)
    woken = coordinator.wake()

    assert (now_of(strange).seq, now_of(strange).status, now_of(strange).rev) == (0, "running", 1)
    assert now_of(ours).seq == 1
    assert woken == 1, "an older coordinator leaves newer runs alone"


def test_a_broken_run_is_put_off_and_the_others_go_on(transport: inline.Transport, clock: Clock) -> None:
    broken, ours = a_run(), a_run()
    with tables.db.begin() as session:  # nothing outstanding: no code can have written this
        session.execute(tables.run_step.delete().where(tables.run_step.c.run_id == broken.id))
    lose(transport)
    clock.advance(seconds=11)

    woken = coordinator.wake()

    assert (woken, sent(transport)) == (2, [("lab.first", 2)])
    later = now_of(broken).next_at
    assert later and later > clock.now
    to_the_end()
    assert now_of(ours).status == "completed"


def test_a_paused_run_is_left_alone(transport: inline.Transport, clock: Clock) -> None:
    run = a_run()
    lose(transport)
    with tables.db.begin() as session:
        session.execute(tables.run.update().where(tables.run.c.id == run.id).values(paused=1))
    clock.advance(days=1)

    assert coordinator.wake() == 0


def test_those_that_wait_longest_are_woken_first(transport: inline.Transport, clock: Clock) -> None:
    older = a_run(plain)
    clock.advance(seconds=5)
    newer = a_run(plain)
    lose(transport)
    clock.advance(seconds=30)

    coordinator.wake(limit=1)
    coordinator.wake(limit=1)

    assert [one["run_id"] for one in transport.commands] == [str(older.id), str(newer.id)]


def test_a_value_that_a_database_refuses_is_shown_to_a_person(transport: inline.Transport, clock: Clock) -> None:
    def record(session: Session, answer: int, *, thing: UUID) -> None:
        raise DataError("INSERT", {}, Exception("out of range"))

    run = a_run()
    with lab.replaced(Exchange("lab.turn", intend=lab._intend, call=lab._call, record=record)):
        for _ in range(12):
            to_the_end()
            clock.advance(minutes=1)
            coordinator.wake()

    assert (now_of(run).status, now_of(run).attention) == ("needs_attention", "in_doubt")
    with tables.db.begin_read() as session:
        [step] = [step for step in store.steps_of(session, [run.id])[run.id] if step["name"] == "lab.turn"]
    assert step["error"]["code"] == "DataError"


@pytest.mark.parametrize("silent", ["first", "second"])
def test_a_step_that_never_answers_is_taken_back_as_if_it_had_happened(
    transport: inline.Transport, clock: Clock, silent: str
) -> None:
    run = a_run()
    if silent == "second":
        turn()
    step_after = transport.commands[0]
    for _ in range(3):
        lose(transport)
        clock.advance(minutes=6)
        coordinator.wake()
    sent_now = [one["name"] for one in transport.commands]
    transport.commands.append(step_after)  # and now it comes, after its compensation
    to_the_end()

    assert sent_now == [f"lab.undo_{silent}"]
    assert now_of(run).status == "compensated"
    assert sum(amount for _, amount in effects_of(run)) == 0
    assert (silent, 1) not in effects_of(run)


def test_a_coordinator_that_is_asked_to_stop_where_nothing_can_be_raised_stops_all_the_same(
    databases: Settings, transport: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    turns: list[float] = []

    class Thing:
        """What is destroyed in the middle of a turn, as the SDK's links are."""

        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def one_turn(_transport: Any, next_wake: float) -> float:
        assert len(turns) < 3, "it does not stop"
        turns.append(next_wake)
        Thing()
        return next_wake

    monkeypatch.setattr(coordinator, "_turn", one_turn)
    monkeypatch.setattr(coordinator, "start_logging", lambda *_: None)
    monkeypatch.setattr(coordinator.Stopping, "asked", False)
    try:
        coordinator.run(config.current())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert len(turns) == 1


@pytest.mark.parametrize(("most", "at_once"), [(3, True), (4, False)])
def test_after_an_outage_those_that_are_due_are_woken_without_a_rest(
    transport: inline.Transport, clock: Clock, monkeypatch: pytest.MonkeyPatch, most: int, at_once: bool
) -> None:
    monkeypatch.setattr(coordinator, "DUE", most)
    for _ in range(3):
        a_run()
    transport.commands.clear()
    clock.advance(seconds=11)

    next_wake = coordinator._turn(transport, 0.0)

    assert len(transport.commands) == 3
    assert (next_wake <= time.monotonic()) == at_once
