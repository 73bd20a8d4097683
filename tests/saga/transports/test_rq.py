"""RQ in particular: the queue server may be emptied or away, workers may be killed, and strangers may write into it."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Callback, Queue
from rq.serializers import JSONSerializer

from domains.kernel import config, database
from saga import coordinator, transports
from saga.transports import inline, rq
from tests.conftest import Clock
from tests.saga.watch import a_run, effects_of, now_of
from tests.servers import free_port, queue_server

from . import benches
from .benches import RqBench, replies_of, to_the_end

pytestmark = pytest.mark.slow

ALL = [("first", 1), ("second", 1), ("turn", 1), ("last", 25)]


def heard_of(bench: RqBench) -> None:
    """Record what comes until something has come."""
    assert any(replies_of(bench) for _ in range(20))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["lab.first.before_commit", "lab.first.after_commit"])
def test_a_worker_that_is_killed_loses_nothing(rq_bench: RqBench, place: str) -> None:
    run = a_run()

    killed = rq_bench.ended(rq_bench.employ("lab", failpoint=place))
    to_the_end(rq_bench, run)

    assert killed == -signal.SIGKILL
    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)


@pytest.mark.slow
def test_a_worker_that_dies_in_an_exchange_loses_nothing(rq_bench: RqBench) -> None:
    run = a_run()
    rq_bench.employ("lab")
    child = rq_bench.employ("lab-exchange", failpoint="lab.turn.after_call")
    for _ in range(2):
        heard_of(rq_bench)

    assert rq_bench.ended(child) == -signal.SIGKILL
    to_the_end(rq_bench, run)
    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)


@pytest.mark.slow
def test_a_worker_stops_when_it_is_asked_to(rq_bench: RqBench) -> None:
    run = a_run()
    to_the_end(rq_bench, run)
    children = list(rq_bench.workers)

    for child in children:
        os.kill(child, signal.SIGTERM)

    assert [rq_bench.ended(child) for child in children] == [0, 0]


def test_what_was_waited_for_in_vain_goes_before_what_has_only_begun_to_wait(rq_bench: RqBench, clock: Clock) -> None:
    waits = a_run()
    rq_bench.lose()
    clock.advance(seconds=9)
    a_run()
    clock.advance(seconds=2)
    coordinator.wake()

    assert rq_bench.messages()[0]["run_id"] == str(waits.id)


def test_a_server_that_was_emptied_is_filled_again(rq_bench: RqBench, clock: Clock) -> None:
    runs = [a_run() for _ in range(3)]
    for _ in range(3):
        rq_bench.work()
        heard_of(rq_bench)
        rq_bench.lose()
        clock.advance(seconds=11)
        coordinator.wake()

    to_the_end(rq_bench, *runs)

    assert [effects_of(run) for run in runs] == [ALL] * 3


@pytest.mark.slow
def test_while_the_server_is_away_runs_are_started_and_go_on_when_it_is_back(
    transport: inline.Transport, clock: Clock, tmp_path: Path
) -> None:
    url = f"redis://127.0.0.1:{free_port() + 2}/0"
    database.bind(replace(config.current(), queue_url=url))
    bench = RqBench(clock, redis.Redis.from_url(url))
    with transports.using(bench.transport):
        before = a_run()
        with queue_server(tmp_path, url):
            clock.advance(seconds=11)
            coordinator.wake()
            bench.work()
            heard_of(bench)
        during = a_run()
        clock.advance(seconds=11)
        coordinator.wake()
        with pytest.raises(redis.exceptions.ConnectionError):
            bench.transport.publish_events([{"event_id": "e"}])
        with queue_server(tmp_path, url):
            to_the_end(bench, before, during)
            bench.stop()

    assert [effects_of(run) for run in (before, during)] == [ALL, ALL]


def test_a_reply_that_a_dead_coordinator_has_taken_comes_again(rq_bench: RqBench) -> None:
    run = a_run()
    rq_bench.work()
    tokens, taken = rq_bench.transport.receive_replies(64, 10.0)
    nothing = rq_bench.transport.receive_replies(64, 0.01)
    rq_bench.server.xclaim(rq.REPLIES, "coordinator", "the dead one", 0, tokens, idle=31_000)

    _, again = rq_bench.transport.receive_replies(64, 0.01)

    assert nothing == ([], [])
    assert again == taken and again[0]["run_id"] == str(run.id)


def test_replies_that_were_recorded_are_gone(rq_bench: RqBench) -> None:
    run = a_run()
    to_the_end(rq_bench, run)

    assert rq_bench.server.xlen(rq.REPLIES) == 0
    assert rq_bench.server.xpending(rq.REPLIES, "coordinator")["pending"] == 0


def test_every_domain_gets_every_event_in_order_until_it_has_acknowledged_it(rq_bench: RqBench) -> None:
    bus = rq_bench.transport
    events = [{"event_id": str(number), "type": "accounts.AccountOpened", "body": {}} for number in range(5)]

    bus.publish_events(events)
    tokens, support = bus.receive_events("support", 3, 0.01)
    _, rest = bus.receive_events("support", 3, 0.01)
    _, billing = bus.receive_events("billing", 100, 0.01)
    bus.acknowledge_events("support", tokens[:2])
    late = rq_bench.server.xpending_range(rq.EVENTS, "support", "-", "+", 10)
    rq_bench.server.xclaim(rq.EVENTS, "support", "dead", 0, [one["message_id"] for one in late], idle=31_000)
    _, again = bus.receive_events("support", 100, 0.01)

    assert (support + rest, billing, again) == (events, events, events[2:])


def test_exchanges_travel_alone_and_what_is_sent_again_does_not_pile_up(rq_bench: RqBench, clock: Clock) -> None:
    a_run()
    [command] = rq_bench.messages()
    several = [command | {"cmd_id": f"c{number}", "queue": "lab-exchange"} for number in range(3)]
    rq_bench.transport.send_commands(several)
    for _ in range(9):
        clock.advance(seconds=300)
        coordinator.wake()

    jobs = {job: rq_bench.server.ttl(job) for job in rq_bench.server.scan_iter("rq:job:*")}

    assert rq_bench.server.llen("rq:queue:lab-exchange") == 3
    assert all(0 < left <= 600 for left in jobs.values()), "each is gone when it was sent again"


def forged(function: str, argument: str, serializer: Any = JSONSerializer, **more: Any) -> None:
    """A job that a stranger has put into the laboratory's queue."""
    Queue("lab", connection=redis.Redis.from_url(config.current().queue_url), serializer=serializer).enqueue(
        function, argument, **more
    )


@pytest.mark.asvs("1.5.2")
@pytest.mark.parametrize("how", ["by name", "pickled", "as a callback"])
def test_a_job_of_a_stranger_calls_nothing_and_harms_nobody(rq_bench: RqBench, tmp_path: Path, how: str) -> None:
    mark = tmp_path / "mark"
    if how == "as a callback":
        forged(rq.PERFORM, str(mark), on_failure=Callback(f"{benches.__name__}.leave_a_mark"))
    elif how == "pickled":
        forged("os.mkdir", str(mark), serializer=None)
    else:
        forged("os.mkdir", str(mark))
    run = a_run()

    to_the_end(rq_bench, run)

    assert not mark.exists()
    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)
