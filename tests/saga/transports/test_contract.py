"""What every transport must do, and what none has to: lost, doubled and late messages do no harm."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from saga import coordinator, flows, transports
from saga.definition import Saga, queue_of
from tests.saga import lab
from tests.saga.watch import a_run, effects_of, now_of
from topology import EXCHANGING

from .benches import Bench, replies_of, to_the_end

pytestmark = pytest.mark.slow

ALL = [("first", 1), ("second", 1), ("turn", 1), ("last", 25)]


def test_commands_are_performed_and_replies_come_back(bench: Bench) -> None:
    runs = [a_run() for _ in range(3)]

    to_the_end(bench, *runs)

    assert [now_of(run).status for run in runs] == ["completed"] * 3
    assert [effects_of(run) for run in runs] == [ALL] * 3


def test_a_no_travels_back_too(bench: Bench) -> None:
    run = a_run(refuse="turn")

    to_the_end(bench, run)

    after = now_of(run)
    assert (after.status, after.error and after.error["code"]) == ("compensated", "outside_refused")
    assert effects_of(run) == [("first", 1), ("second", 1), ("second", -1), ("first", -1)]


def test_a_command_is_plain_json_with_the_ids_to_know_it_by(bench: Bench) -> None:
    run = a_run()

    [command] = bench.messages()

    assert json.loads(json.dumps(command)) == command
    assert (command["run_id"], command["name"], command["queue"]) == (str(run.id), "lab.first", "lab")
    assert {"cmd_id", "seq", "phase", "gen", "actor", "request_id", "traceparent", "body", "again_after"} <= set(
        command
    )


def test_a_lost_command_is_sent_again_when_its_time_has_come(bench: Bench) -> None:
    run = a_run()
    bench.lose()

    assert bench.messages() == []
    bench.clock.advance(seconds=11)
    assert coordinator.wake() == 1
    assert [one["send_no"] for one in bench.messages()] == [2]
    to_the_end(bench, run)
    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)


@pytest.mark.slow
def test_a_lost_reply_is_given_again(bench: Bench) -> None:
    run = a_run()
    bench.work()
    tokens, replies = bench.transport.receive_replies(1, 10.0)
    bench.transport.acknowledge_replies(tokens)

    to_the_end(bench, run)

    assert [reply["outcome"] for reply in replies] == ["OK"]
    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)


class Doubling:
    """A transport that hands every command over twice."""

    def __init__(self, bench: Bench) -> None:
        self.inner = bench.transport

    def send_commands(self, envelopes: list[dict[str, Any]]) -> None:
        self.inner.send_commands(envelopes)
        self.inner.send_commands([one | {"send_no": one["send_no"] + 100} for one in envelopes])


def test_a_message_that_comes_twice_has_one_effect(bench: Bench) -> None:
    with transports.using(Doubling(bench)):  # type: ignore[arg-type]
        run = a_run()
        assert len(bench.messages()) == 2
        to_the_end(bench, run)

    assert effects_of(run) == ALL


def test_many_commands_at_once_all_arrive(bench: Bench) -> None:
    runs = [a_run() for _ in range(40)]
    bench.lose()
    bench.clock.advance(seconds=11)
    assert coordinator.wake() == 40  # sent together: several to a job or batch

    arrived = {one["run_id"] for one in bench.messages()}
    to_the_end(bench, *runs)

    assert arrived == {str(run.id) for run in runs}
    assert {now_of(run).status for run in runs} == {"completed"}


def test_what_a_stranger_writes_holds_up_nobody(bench: Bench) -> None:
    before = a_run()
    bench.poison()
    after = a_run()

    to_the_end(bench, before, after)

    assert [effects_of(run) for run in (before, after)] == [ALL, ALL]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its sockets open
def test_connections_that_end_in_the_middle_are_made_again(bench: Bench) -> None:
    runs = [a_run() for _ in range(3)]
    for _ in range(4):
        bench.work()
        replies_of(bench)
        bench.cut()

    to_the_end(bench, *runs, seconds=60)

    assert [effects_of(run) for run in runs] == [ALL] * 3


def test_exchanges_have_a_queue_of_their_own(bench: Bench) -> None:
    command = {"send_no": 1, "cmd_id": "c", "body": {}, "again_after": 10.0}
    bench.transport.send_commands([command | {"queue": "lab-exchange"}, command | {"cmd_id": "d", "queue": "lab"}])

    assert sorted(one["queue"] for one in bench.messages()) == ["lab", "lab-exchange"]


def test_the_flows_need_one_queue_for_each_domain_and_one_for_exchanges() -> None:
    modules = [import_module(f"saga.flows.{name}") for name in flows.NAMES]
    sagas = [found for module in modules for found in vars(module).values() if isinstance(found, Saga)]
    actions = [action for saga in sagas for step in saga.steps for action in (step.action, step.compensation) if action]

    queues = {queue_of(action) for action in actions}

    exchanges = {f"{domain}-exchange" for domain in EXCHANGING}
    assert {name for name in queues if "-" in name} == exchanges
    assert queues == exchanges | {"customers", "users", "accounts", "services", "support", "billing", "notifications"}
    assert queue_of(lab.turn) == "lab-exchange"
