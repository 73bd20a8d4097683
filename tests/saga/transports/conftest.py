"""Each test of the contract runs over all transports."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from domains.kernel import config, database
from domains.kernel.config import Settings
from saga import transports
from saga.transports import inline, servicebus
from tests.amqp.broker import Broker
from tests.amqp.entities import Rules
from tests.conftest import Clock
from tests.servers import free_port

from .benches import Bench, InlineBench, RqBench, ServicebusBench


@pytest.fixture(params=["inline", "rq", pytest.param("servicebus", marks=pytest.mark.proof)])
def bench(request: pytest.FixtureRequest, transport: inline.Transport, clock: Clock) -> Iterator[Bench]:
    """The laboratory over one transport."""
    if request.param != "inline":
        yield request.getfixturevalue(f"{request.param}_bench")
        return
    made = InlineBench(clock)
    with transports.using(made.transport):
        yield made


@pytest.fixture
def rq_bench(transport: inline.Transport, clock: Clock, queue: redis.Redis, queue_url: str) -> Iterator[RqBench]:
    """The laboratory over RQ."""
    database.bind(replace(config.current(), queue_url=queue_url))  # asked for too late for the settings to know
    made = RqBench(clock, queue)
    with transports.using(made.transport):
        yield made
    made.stop()


@pytest.fixture
def broker(settings: Settings) -> Iterator[Broker]:
    """A running broker behind the settings' `servicebus_url`, with the laboratory's queues and two domains' events."""
    queues, topics = ["lab", "lab-exchange", servicebus.REPLIES], {servicebus.EVENTS: ["support", "billing"]}
    with Broker(free_port(), queues, topics, Rules(lock_seconds=2.0, most_deliveries=3)) as running:
        database.bind(replace(config.current(), transport="servicebus", servicebus_url=running.url))
        yield running
    gc.collect()  # of a connection that was cut the SDK leaves the socket to Python: let it be this test's


@pytest.fixture
def servicebus_bench(transport: inline.Transport, clock: Clock, broker: Broker) -> Iterator[ServicebusBench]:
    """The laboratory over Service Bus."""
    made = ServicebusBench(clock, broker)
    with transports.using(made.transport):
        yield made
    made.stop()


@pytest.fixture
def bus(broker: Broker) -> Iterator[servicebus.Transport]:
    made = servicebus.Transport()
    yield made
    made.close()
