"""Service Bus when things go wrong: poison, dead letters, locks that run out, links that end, messages too large."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError

from saga.transports import servicebus, servicebus_links
from saga.transports.servicebus_links import Source, message_of, settle
from tests.amqp.broker import Broker

from .told import command, id_of, listen_until, put, reply_to

pytestmark = [pytest.mark.slow, pytest.mark.proof]


def test_what_nobody_can_read_is_thrown_away_and_what_nobody_can_perform_is_answered(
    bus: servicebus.Transport, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicebus, "LOOK", 0.1)
    performed = []

    def perform(envelope: dict[str, Any]) -> dict[str, Any]:
        if envelope["cmd_id"] == id_of(1):
            raise KeyError("a worker that cannot")
        performed.append(envelope["cmd_id"])
        return reply_to(envelope)

    put(bus, "lab", ServiceBusMessage(b"\x80\x04pickled"), ServiceBusMessage("[1]"), ServiceBusMessage('{"seq": 0}'),
        ServiceBusMessage(b"{}", content_type="application/gzip"))  # fmt: skip
    bus.send_commands([command(1), command(2)])
    listen_until(bus, lambda: len(broker.messages(servicebus.REPLIES)) == 2 and nothing_left(broker, "lab"), perform)

    fine, dead = broker.messages(servicebus.REPLIES)
    assert performed == [id_of(2)] and fine == reply_to(command(2))
    assert (dead["cmd_id"], dead["outcome"], dead["error"]["code"]) == (id_of(1), "RETRY", "dead_letter")
    assert "MaxDeliveryCountExceeded" in dead["error"]["detail"]


def nothing_left(broker: Broker, name: str) -> bool:
    """Whether a queue and its dead letters are empty."""
    return broker.messages(name) == broker.messages(f"{name}/$deadletterqueue") == []


@pytest.mark.parametrize("what", ["reply", "event"])
def test_a_dead_letter_is_read_again_until_it_is_done(
    bus: servicebus.Transport, broker: Broker, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(servicebus, "LOOK", 0.0)
    sent = reply_to(command()) if what == "reply" else {"event_id": "e", "type": "accounts.AccountOpened", "body": {}}
    receive = bus.receive_replies if what == "reply" else partial(bus.receive_events, "support")
    name = servicebus.REPLIES if what == "reply" else f"{servicebus.EVENTS}/subscriptions/support"
    put(bus, servicebus.REPLIES if what == "reply" else servicebus.EVENTS, message_of(sent))
    for _ in range(3):
        tokens, _ = receive(1, 5.0)
        settle(tokens, "abandon_message")
    assert broker.messages(f"{name}/$deadletterqueue") == [sent]

    until, again = time.monotonic() + 10, []
    while not again and time.monotonic() < until:
        tokens, again = receive(1, 0.1)
    settle(tokens, "complete_message")

    assert again == [sent]
    assert nothing_left(broker, name)


def test_the_lock_of_an_exchange_lasts_as_long_as_its_calls(bus: servicebus.Transport, broker: Broker) -> None:
    broker.rules.lock_seconds = 5.0
    [entity], calls = broker.find("lab-exchange"), []

    def call(envelope: dict[str, Any]) -> dict[str, Any]:
        calls.append(envelope["cmd_id"])
        until = time.monotonic() + 20
        while entity.renewals < 3 and time.monotonic() < until:  # longer than the five seconds of a lock
            threading.Event().wait(0.05)
        return reply_to(envelope)

    bus.send_commands([command(queue="lab-exchange")])
    listen_until(bus, lambda: broker.messages("lab-exchange") == [], call, "lab-exchange")

    assert calls == [id_of(1)]
    assert entity.renewals >= 3
    assert len(broker.messages(servicebus.REPLIES)) == 1


def test_a_command_that_outlasts_its_lock_comes_again_and_is_answered_again(
    bus: servicebus.Transport, broker: Broker
) -> None:
    [entity], calls = broker.find("lab"), []

    def perform(envelope: dict[str, Any]) -> dict[str, Any]:
        calls.append(envelope["cmd_id"])
        until = time.monotonic() + 10
        while len(calls) == 1 and entity.locked and time.monotonic() < until:
            threading.Event().wait(0.05)
        return reply_to(envelope)

    bus.send_commands([command()])
    listen_until(bus, lambda: len(calls) == 2 and nothing_left(broker, "lab"), perform)

    assert broker.messages(servicebus.REPLIES) == [reply_to(command())] * 2


def test_commands_that_a_worker_does_not_get_to_are_given_back(
    bus: servicebus.Transport, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicebus, "TURN", 0.0)
    bus.send_commands([command(number) for number in range(3)])
    tokens = [token for _ in range(3) for token in bus._links.receive(Source("lab"), 1, 5.0)]

    well = bus._work_off(tokens, reply_to)

    assert not well
    assert [one["cmd_id"] for one in broker.messages(servicebus.REPLIES)] == [id_of(0)]
    assert [one["cmd_id"] for one in broker.messages("lab")] == [id_of(1), id_of(2)]
    assert not broker.find("lab")[0].locked


class Performer:
    """A worker that performs together what came together, or stumbles over that."""

    def __init__(self, stumbles: bool) -> None:
        self.stumbles, self.together_with, self.alone = stumbles, list[int](), list[str]()

    def __call__(self, envelope: dict[str, Any]) -> dict[str, Any]:
        self.alone.append(envelope["cmd_id"])
        return reply_to(envelope)

    def together(self, envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.together_with.append(len(envelopes))
        if self.stumbles:
            raise OSError("the database is away")
        return [reply_to(envelope) for envelope in envelopes]


@pytest.mark.parametrize("stumbles", [False, True])
def test_what_came_together_is_performed_together_and_else_one_by_one(
    bus: servicebus.Transport, broker: Broker, stumbles: bool
) -> None:
    bus.send_commands([command(number) for number in range(3)])
    tokens = [token for _ in range(3) for token in bus._links.receive(Source("lab"), 1, 5.0)]
    perform = Performer(stumbles)

    well = bus._work_off(tokens, perform)

    assert well and nothing_left(broker, "lab")
    assert (perform.together_with, len(perform.alone)) == ([3], 3 if stumbles else 0)
    assert [one["cmd_id"] for one in broker.messages(servicebus.REPLIES)] == [id_of(number) for number in range(3)]


def test_of_a_message_that_the_bus_does_not_take_the_run_is_told(bus: servicebus.Transport, broker: Broker) -> None:
    noise = os.urandom(300_000).hex()  # which no packing makes smaller

    bus.send_commands([command(1), command(2, body=noise), command(3)])
    bus._tell([reply_to(command(4), lines=noise)])

    assert [one["cmd_id"] for one in broker.messages("lab")] == [id_of(1), id_of(3)]
    told = [(one["cmd_id"], one["outcome"], one["error"]["code"]) for one in broker.messages(servicebus.REPLIES)]
    assert told == [(id_of(2), "RETRY", "too_large"), (id_of(4), "RETRY", "too_large")]
    with pytest.raises(ServiceBusError, match="too large"):
        bus.publish_events([{"event_id": "e", "body": noise}])


def test_a_link_that_the_bus_has_ended_for_idleness_is_made_again(bus: servicebus.Transport, broker: Broker) -> None:
    bus.send_commands([command(1)])
    assert bus.receive_replies(1, 0.01) == ([], [])
    for name in ("lab", servicebus.REPLIES):
        broker.end_idle(name)

    bus.send_commands([command(2)])
    put(bus, servicebus.REPLIES, message_of(reply_to(command())))
    replies = [reply for _ in range(5) for reply in _tried(bus)]

    assert [one["cmd_id"] for one in broker.messages("lab")] == [id_of(1), id_of(2)]
    assert replies == [reply_to(command())]


def test_a_link_that_nobody_has_used_for_long_is_not_waited_for(
    bus: servicebus.Transport, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.send_commands([command(1)])
    before = bus._links._senders["lab"]
    bus.send_commands([command(2)])
    kept = bus._links._senders["lab"]
    monkeypatch.setattr(servicebus_links, "STALE", 0.0)
    bus.send_commands([command(3)])

    assert kept is before
    assert bus._links._senders["lab"] is not before
    assert len(broker.messages("lab")) == 3


def _tried(bus: servicebus.Transport) -> list[dict[str, Any]]:
    """Replies, as a coordinator takes them: trouble is waited out."""
    try:
        tokens, replies = bus.receive_replies(1, 1.0)
    except servicebus_links.TROUBLE:
        return []
    bus.acknowledge_replies(tokens)
    return replies


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its sockets open
def test_a_bus_that_dies_in_the_middle_is_gone_on_with_when_it_is_back(
    bus: servicebus.Transport, broker: Broker
) -> None:
    event = {"event_id": "e", "type": "accounts.AccountOpened", "body": {}}
    bus.send_commands([command(1)])
    assert (bus.receive_replies(1, 0.01), bus.receive_events("support", 1, 0.01)) == (([], []), ([], []))
    broker.die()
    with pytest.raises(servicebus_links.TROUBLE):
        bus.publish_events([event])
    bus.send_commands([command(2)])
    assert _tried(bus) == []
    broker.begin()

    bus._rests_until = 0.0
    bus.send_commands([command(3)])
    bus.publish_events([event])
    put(bus, servicebus.REPLIES, message_of(reply_to(command())))
    listen_until(bus, lambda: nothing_left(broker, "lab"), lambda _envelope: None)

    assert [reply for _ in range(3) for reply in _tried(bus)] == [reply_to(command())]
    assert bus.receive_events("support", 1, 5.0)[1] == [event]
