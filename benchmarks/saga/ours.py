"""Our side: the coordinator and the transport of the product, a worker process for each domain, and who starts sagas.

`python -m benchmarks.saga.ours worker DOMAIN | coordinator | start CONCURRENCY` is one process of it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.saga.shape import DOMAINS, effect_of, told
from domains.kernel.config import Settings
from domains.kernel.database import Database, bind
from domains.kernel.telemetry import start_logging
from domains.kernel.tenancy import Scope, work_as
from saga import coordinator, store, tables, transports, worker
from saga.definition import Saga, pivot, step

databases = {name: Database(name) for name in DOMAINS}
LOOK_EVERY = 0.005  # seconds, at a run that has not ended; four times as long when there are several
STARTERS = 4  # threads, as a web process has


@dataclass(frozen=True)
class Plan:
    """What a run is about."""

    thing: UUID
    amount: int
    customer_id: UUID
    reseller_id: UUID | None = None


def _command(domain: str, name: str, sign: int) -> Any:
    happen = effect_of(databases[domain].metadata) if sign > 0 else _effects[domain]
    _effects[domain] = happen

    def command(session: Session, *, thing: UUID, amount: int) -> None:
        happen(session, thing, sign * amount)

    command.__module__, command.__name__ = f"domains.{domain}.commands", name
    return command


_effects: dict[str, Callable[[Session, UUID, int], None]] = {}

place_order_shaped = Saga(
    "bench-saga",
    Plan,
    (
        step(_command("one", "reserve", 1), compensation=_command("one", "release", -1), title="Reserve"),
        step(_command("two", "draft", 1), compensation=_command("two", "discard", -1), title="Draft"),
        pivot(_command("three", "send", 1), title="Send"),
        step(_command("four", "charge", 1), title="Charge"),
    ),
)


def work(settings: Settings, domain: str) -> None:
    """What `cloudsales worker` does with the commands of a domain."""
    start_logging(settings.log_level, f"worker-{domain}")
    bind(settings)
    transports.current().listen(domain, worker.Performer(databases[domain]))


class Starter:
    """Keeps so many runs going at a time, and takes down how long each took from its start until it was seen to end."""

    def __init__(self, concurrency: int) -> None:
        self.places: SimpleQueue[None] = SimpleQueue()
        for _ in range(concurrency):
            self.places.put(None)
        self.open: dict[UUID, float] = {}
        self.waited: list[float] = []
        self.enough, self.looks = Event(), 0
        self.look_every = LOOK_EVERY if concurrency == 1 else 4 * LOOK_EVERY
        self.enough.set()

    def start(self) -> None:
        while not self.enough.is_set():
            try:
                self.places.get(timeout=0.1)
            except Empty:
                continue
            plan, begun = Plan(uuid4(), 1, uuid4()), time.perf_counter()
            run = store.start(place_order_shaped, plan, key=str(plan.thing), label="x", resource=("thing", plan.thing))
            self.open[run.id] = begun

    def look(self) -> None:
        """See which runs have ended."""
        run = tables.run
        query = select(run.c.id, run.c.status).where(run.c.id.in_(list(self.open)), run.c.ended_at.is_not(None))
        with tables.db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            ended, self.looks = connection.execute(query).all(), self.looks + 1
        for run_id, status in ended:
            if status != "completed":
                raise SystemExit(f"run {run_id} is {status}")
            self.waited.append(time.perf_counter() - self.open.pop(run_id))
            self.places.put(None)

    def run(self, seconds: float) -> dict[str, Any]:
        """Start runs for so long, then wait for the last to end."""
        if seconds > 0:
            self.enough.clear()
        self.waited, begun = [], time.perf_counter()
        threads = [Thread(target=self.start, daemon=True) for _ in range(min(STARTERS, self.places.qsize()))]
        for thread in threads:
            thread.start()
        while self.open or not self.enough.is_set() or any(thread.is_alive() for thread in threads):
            if time.perf_counter() - begun > seconds:
                self.enough.set()
            if self.open:
                self.look()
            time.sleep(self.look_every)
        return told(self.waited, begun, time.perf_counter()) | {"looks": self.looks}


def main() -> None:
    """Be one process of our side."""
    settings = Settings.from_env()
    work_as(Scope.system("benchmark"))
    if sys.argv[1] == "worker":
        work(settings, sys.argv[2])
    elif sys.argv[1] == "coordinator":
        coordinator.run(settings)
    else:
        bind(settings)
        starter = Starter(int(sys.argv[2]))
        for line in sys.stdin:  # each line is how many seconds to go on for
            print(json.dumps(starter.run(float(line))), flush=True)


if __name__ == "__main__":
    main()
