"""An order over Service Bus from end to end: the real SDK, a process for each queue, the real sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from domains import NAMES
from domains.kernel import config, database
from domains.kernel.config import PREFIX, Settings
from saga import flows, tables, transports
from saga.flows.place_order import place_order
from saga.transports import servicebus
from tests.amqp.__main__ import QUEUES, TOPICS
from tests.amqp.broker import Broker
from tests.amqp.entities import Rules
from tests.sandboxes import Sandbox, sandbox_process
from tests.servers import ROOT, free_port
from topology import as_environment

from .seen import end_of_order
from .shop import Shop
from .test_place_order import delivered

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def running_sandbox(session_folder: Path) -> Iterator[Sandbox]:
    """A sandbox whose clock no other test has moved: the processes here have the real one."""
    with sandbox_process(session_folder) as found:
        yield found


@pytest.fixture
def broker(sandbox: Sandbox) -> Iterator[Broker]:
    with Broker(free_port(), QUEUES, TOPICS, Rules(lock_seconds=5.0)) as running:
        database.bind(replace(config.current(), transport="servicebus", servicebus_url=running.url))
        yield running


class RemoteShop(Shop):
    """A customer whose wishes are worked off by processes of their own."""

    def __init__(self, sandbox: Sandbox, broker: Broker) -> None:
        self.sandbox, self.broker = sandbox, broker

    @property
    def transport(self) -> Any:
        return self

    def run_until_quiet(self) -> None:
        """Wait until every run has ended and everybody has heard of it."""
        wait_until(lambda: not unfinished() and self.broker.is_quiet(), "the processes to have done everything")


def unfinished() -> int:
    """How many runs go on, and how many events nobody was told of yet."""
    with tables.db.begin_read() as session:
        found = session.execute(select(func.count()).where(tables.run.c.next_at.is_not(None))).scalar_one()
    for name in NAMES:
        db = import_module(f"domains.{name}.models").db
        with db.begin_read() as session:
            query = select(func.count()).where(db.outbox.c.published_at.is_(None))
            found += session.execute(query).scalar_one()
    return int(found)


def wait_until(reached: Callable[[], bool], what: str, seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.05)


def start(settings: Settings, *command: str, failpoint: str = "") -> subprocess.Popen[bytes]:
    """Start one of the programs that an operator starts."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environ = inherited | as_environment(replace(settings, failpoint=failpoint))
    with open(Path(settings.var) / f"{'-'.join(command)}.log", "a") as log:
        return subprocess.Popen([sys.executable, ROOT / "cli.py", *command], env=environ, stdout=log, stderr=log)


EXCHANGE = ("worker", "--domain", "services", "--queue", "exchange")


@contextmanager
def processes(settings: Settings) -> Iterator[dict[tuple[str, ...], subprocess.Popen[bytes]]]:
    """Run every worker and the coordinator within the `with`; they stop when they are asked to."""
    commands = [("worker", "--domain", name) for name in NAMES] + [EXCHANGE, ("coordinator",)]
    running = {command: start(settings, *command) for command in commands}
    try:
        yield running
    finally:
        for process in running.values():
            process.terminate()
        ended = {" ".join(command): process.wait(30) for command, process in running.items()}
    assert set(ended.values()) == {0}, ended


def test_an_order_goes_over_service_bus_from_end_to_end_also_when_a_worker_dies(
    sandbox: Sandbox, broker: Broker
) -> None:
    flows.load()
    settings, shop = config.current(), RemoteShop(sandbox, broker)
    with transports.using(servicebus.Transport()), processes(settings) as running:
        shop.open()
        order = shop.an_order()
        run = shop.run(place_order, order)
        assert end_of_order(run.id, order, sandbox) == delivered(order)

        running[EXCHANGE].terminate()
        assert running[EXCHANGE].wait(30) == 0
        place = next(step.action.name for step in place_order.steps if hasattr(step.action, "call"))
        dying = start(settings, *EXCHANGE, failpoint=f"{place}.after_call")
        second = shop.an_order()
        again = shop.start(place_order, second)
        assert dying.wait(60) == -signal.SIGKILL
        running[EXCHANGE] = start(settings, *EXCHANGE)
        shop.run_until_quiet()
        assert end_of_order(again.id, second, sandbox) == delivered(second)
        assert [broker.dead_letters(name) for name in QUEUES] == [[]] * len(QUEUES)
        transports.current().close()  # type: ignore[attr-defined]
