"""The laboratory over each transport: inline, RQ with workers in processes of their own, Service Bus with threads."""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
import zlib
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

from azure.servicebus import ServiceBusMessage
from rq import Queue
from rq.serializers import JSONSerializer

from domains.kernel import config, database
from saga import coordinator, transports
from saga.events import FINAL
from saga.tables import Run
from saga.transports import rq, servicebus
from tests.amqp.broker import Broker
from tests.conftest import Clock
from tests.saga import lab
from tests.saga.watch import now_of

FOREIGN = (b"\x80\x04\x95pickled", b"[]", b"{}", b'{"run_id": "1", "outcome": "OK"}', b'{"seq": 0, "phase": "F"}')


class Bench(Protocol):
    """What a test needs of a transport with workers behind it."""

    transport: transports.Transport
    clock: Clock

    def work(self) -> None:
        """Let the workers perform, until a reply is there or nothing is left to do."""

    def messages(self) -> list[dict[str, Any]]:
        """The commands that wait, as they are written down on the way."""

    def lose(self) -> None:
        """The transport forgets everything it holds."""

    def cut(self) -> None:
        """Every connection ends without a word, and can be made again."""

    def poison(self) -> None:
        """A stranger writes among the commands, the replies and the events."""


class InlineBench:
    """Everything in this process."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.inline = clock, lab.a_transport()
        self.transport: transports.Transport = self.inline

    def work(self) -> None:
        while self.inline.commands:
            self.inline.perform_next()

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(json.dumps(one)) for one in self.inline.commands]

    def lose(self) -> None:
        self.inline.commands.clear()
        self.inline.replies.clear()

    def cut(self) -> None:
        """Nothing to cut."""

    def poison(self) -> None:
        """Nobody gets at it."""

    def stop(self) -> None:
        return


class RqBench:
    """A queue server and, once there is something to do, a worker for each of the laboratory's two queues."""

    def __init__(self, clock: Clock, server: Any) -> None:
        self.clock, self.server, self.workers = clock, server, dict[int, str]()
        self.transport: transports.Transport = rq.Transport()

    def work(self) -> None:
        for queue in ("lab", "lab-exchange"):
            if queue not in self.workers.values():
                self.employ(queue)

    def employ(self, queue: str, failpoint: str = "") -> int:
        """Start a worker as a copy of this process."""
        settings = config.current()
        database.bind(settings)  # closes every connection: the copy must make its own
        child = os.fork()
        if child == 0:
            try:
                database.bind(replace(settings, failpoint=failpoint))
                with transports.using(rq.Transport()):
                    transports.current().listen(queue, lab.perform)
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        self.workers[child] = queue
        return child

    def ended(self, child: int) -> int:
        """Wait for a worker to end; gives its exit status."""
        self.workers.pop(child)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for key in sorted(self.server.scan_iter("rq:queue:*", _type="list")):
            for job in map(bytes.decode, self.server.lrange(key, 0, -1)):
                name, instance, [batch], more = json.loads(zlib.decompress(self.server.hget(f"rq:job:{job}", "data")))
                assert (name, instance, more) == (rq.PERFORM, None, {})
                found += batch
        return found

    def lose(self) -> None:
        self.server.flushall()

    def cut(self) -> None:
        self.server.client_kill_filter(_type="normal", skipme=True)

    def poison(self) -> None:
        for foreign in FOREIGN:
            self.server.xadd(rq.REPLIES, {"reply": foreign})
            Queue("lab", connection=self.server, serializer=JSONSerializer).enqueue(rq.PERFORM, [str(foreign)])
        self.server.xadd(rq.REPLIES, {"else": "what"})

    def stop(self) -> None:
        children = list(self.workers)
        for child in children:
            os.kill(child, signal.SIGKILL)  # they need no goodbye, and RQ's takes a second
        assert [self.ended(child) for child in children] == [-signal.SIGKILL] * len(children)


class ServicebusBench:
    """A broker and, once there is something to do, a worker for each of the laboratory's two queues."""

    def __init__(self, clock: Clock, broker: Broker) -> None:
        self.clock, self.broker, self.workers = clock, broker, list[tuple[Thread, servicebus.Transport]]()
        self.bus = servicebus.Transport()
        self.transport: transports.Transport = self.bus

    def work(self) -> None:
        for queue in () if self.workers else ("lab", "lab-exchange"):
            bus = servicebus.Transport()
            worker = Thread(target=copy_context().run, args=(bus.listen, queue, lab.perform))
            worker.start()
            self.workers.append((worker, bus))

    def messages(self) -> list[dict[str, Any]]:
        return self.broker.messages("lab", "lab-exchange")

    def lose(self) -> None:
        self.broker.forget()

    def cut(self) -> None:
        self.broker.die()
        self.broker.begin()

    def poison(self) -> None:
        for name in ("lab", servicebus.REPLIES):
            self.bus._links.send(name, [ServiceBusMessage(foreign) for foreign in FOREIGN])

    def stop(self) -> None:
        for _, bus in self.workers:
            bus.stop()
        for worker, bus in self.workers:
            worker.join()
            bus.close()
        self.bus.close()


def replies_of(bench: Bench, wait: float = 1.0) -> int:
    """Record the replies that come within a while; gives how many."""
    try:
        tokens, replies = bench.transport.receive_replies(64, wait)
    except Exception:  # a server that was emptied, or is away: a coordinator logs it and tries again
        return 0
    if replies:
        coordinator.handle(replies)
        bench.transport.acknowledge_replies(tokens)
    return len(replies)


def to_the_end(bench: Bench, *runs: Run, seconds: float = 30.0) -> None:
    """Carry runs to their end, as workers and a coordinator do. A timer fires whenever nothing comes for a second."""
    until = time.monotonic() + seconds
    while any(now_of(run).status not in FINAL for run in runs):
        assert time.monotonic() < until, [now_of(run).status for run in runs]
        bench.work()
        if not replies_of(bench):
            bench.clock.advance(seconds=31)  # longer than an exchange may take
            coordinator.wake()


def leave_a_mark(job: Any, *_: Any) -> None:
    """What a stranger would like a worker to do."""
    Path(job.args[0]).mkdir()
