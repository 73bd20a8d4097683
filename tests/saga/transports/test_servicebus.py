"""Service Bus in particular: locks run out, the bus may be away, and what nobody can read becomes a dead letter."""

from __future__ import annotations

import gc
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from azure.servicebus.exceptions import ServiceBusError

from domains import NAMES
from domains.kernel import config, database
from domains.kernel.config import Settings, SettingsError
from saga.transports import servicebus, servicebus_links
from saga.transports.servicebus_links import message_of
from tests.amqp.broker import Broker
from tests.conftest import Clock
from tests.saga import lab
from tests.saga.watch import a_run, effects_of, now_of
from tests.servers import ROOT, free_port
from topology import EXCHANGING

from .benches import ServicebusBench, to_the_end
from .told import command, id_of, listen_until, put, reply_to

pytestmark = pytest.mark.slow
ALL = [("first", 1), ("second", 1), ("turn", 1), ("last", 25)]


def test_a_reply_that_was_not_acknowledged_comes_again_when_its_lock_has_run_out(
    bus: servicebus.Transport, broker: Broker
) -> None:
    reply = reply_to(command())
    put(bus, servicebus.REPLIES, message_of(reply))

    _, first = bus.receive_replies(64, 5.0)
    _, meanwhile = bus.receive_replies(64, 0.1)
    tokens, again = bus.receive_replies(64, 10.0)
    bus.acknowledge_replies(tokens)

    assert (first, meanwhile, again) == ([reply], [], [reply])
    assert broker.is_quiet()


def test_the_same_command_is_taken_once_and_a_new_try_of_it_again(bus: servicebus.Transport, broker: Broker) -> None:
    bus.send_commands([command(), command(), command(send_no=2)])

    assert [one["send_no"] for one in broker.messages("lab")] == [1, 2]


def test_many_commands_come_in_the_batches_that_their_size_allows(bus: servicebus.Transport, broker: Broker) -> None:
    bus.send_commands([command(number, body="x" * 50_000) for number in range(12)])

    assert [one["cmd_id"] for one in broker.messages("lab")] == [id_of(number) for number in range(12)]


def test_a_reply_with_the_lines_of_a_large_month_comes_through(bus: servicebus.Transport) -> None:
    lines = [{"line_id": f"L-{number}", "subscription_id": str(uuid4()), "quantity": number} for number in range(4000)]

    reply = reply_to(command(), lines=lines)
    put(bus, servicebus.REPLIES, message_of(reply))
    tokens, replies = bus.receive_replies(1, 5.0)
    bus.acknowledge_replies(tokens)

    assert replies == [reply]


def test_every_domain_gets_every_event_until_it_has_acknowledged_it(bus: servicebus.Transport, broker: Broker) -> None:
    events = [{"event_id": str(number), "type": "accounts.AccountOpened", "body": {}} for number in range(3)]

    bus.publish_events(events)
    heard: dict[str, list[Any]] = {"support": [], "billing": []}
    for domain in heard:
        while len(heard[domain]) < 3:
            tokens, some = bus.receive_events(domain, 100, 5.0)
            bus.acknowledge_events(domain, tokens)
            heard[domain] += some

    assert heard == {"support": events, "billing": events}
    assert broker.is_quiet()


@pytest.mark.proof
def test_while_the_bus_is_away_runs_are_started_and_go_on_when_it_is_back(
    servicebus_bench: ServicebusBench, clock: Clock
) -> None:
    settings, away = config.current(), f"localhost:{free_port()}"
    here = settings.servicebus_url.partition("sb://")[2].partition(";")[0]
    database.bind(replace(settings, servicebus_url=settings.servicebus_url.replace(here, away)))
    run = a_run()
    with pytest.raises(ServiceBusError):
        servicebus_bench.transport.publish_events([{"event_id": "e"}])
    servicebus_bench.bus.close()
    database.bind(settings)

    to_the_end(servicebus_bench, run)

    assert (now_of(run).status, effects_of(run)) == ("completed", ALL)
    assert lab.outside[run.resource_id] == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its sockets open
def test_a_bus_that_takes_connections_and_says_nothing_holds_nobody_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(servicebus_links, "OPENS", 0.3)
    monkeypatch.setattr(servicebus, "SLOW", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = f"sb://localhost:{silent.getsockname()[1]};SharedAccessKeyName=a;SharedAccessKey=b"
        config.use(replace(settings, servicebus_url=f"Endpoint={at};UseDevelopmentEmulator=true"))
        bus, begun = servicebus.Transport(), time.monotonic()
        tries = caplog.records

        bus.send_commands([command(1)])
        once = time.monotonic()
        bus.send_commands([command(2), command(3)])
        again = time.monotonic()
        with pytest.raises(ServiceBusError, match="says nothing"):
            bus.receive_replies(1, 0.1)
        tries.clear()
        for number in (4, 5):  # now it is a coordinator's, which tries whatever is due
            bus.send_commands([command(number)])

        assert len(tries) == 2
        assert once - begun < 3
        assert again - once < 0.1
    for thread in threading.enumerate():
        if thread.name == "opening a link":  # ends, now that the connection has
            thread.join(30)
    gc.collect()


def test_a_worker_is_seen_to_go_round_while_nothing_comes(bus: servicebus.Transport, settings: Settings) -> None:
    seen = Path(settings.var) / "heartbeat" / "worker-lab"

    listen_until(bus, seen.exists, lambda _envelope: None)


def test_a_key_that_is_not_ours_opens_nothing(bus: servicebus.Transport, broker: Broker) -> None:
    forged = servicebus_links.client(broker.url.replace("SharedAccessKey=", "SharedAccessKey=not"))

    with pytest.raises(ServiceBusError):
        forged.get_queue_receiver("lab").__enter__()
    forged.close()


def test_a_namespace_without_a_key_needs_an_identity(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)  # as where it is not installed
    with pytest.raises(SettingsError, match="install azure-identity"):
        servicebus_links.client("sales.servicebus.windows.net")


def test_the_sdk_is_loaded_only_where_it_is_asked_for() -> None:
    code = "import sys, saga.worker, saga.coordinator, saga.transports.rq; print('azure.servicebus' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert said.strip() == "False"


def test_the_entities_that_operators_make_are_those_that_the_system_uses() -> None:
    rows = [line for line in (ROOT / "docs" / "service-bus.md").read_text().splitlines() if "`customers`, " in line]
    commands, events = (set(re.findall(r"`([a-z-]+)`", row)) for row in rows)

    assert commands == {*NAMES, *(f"{domain}-exchange" for domain in EXCHANGING)}
    assert events == {servicebus.EVENTS, *NAMES}
