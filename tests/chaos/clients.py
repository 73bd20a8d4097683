"""Clients that start runs and look at them, and write down what they asked for, were told and saw.

A client that dies goes on from its journal: what was not acknowledged it asks for again, under the same key.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.errors import Conflict
from domains.kernel.telemetry import start_logging
from domains.kernel.tenancy import SYSTEM, Scope
from saga import flows, store
from saga.events import FINAL
from saga.interventions import intervene
from saga.tables import db, run

from .laboratory import Errand, delivery, errand

log = logging.getLogger(__name__)
NAMESPACE = UUID("6f1d2c1e-0000-4000-8000-00000000c405")
HAPPY = 40  # customers at the provider, so that none has thousands of orders
TROUBLES = (
    "no_take", "no_reserve", "no_reserve", "no_sign", "stumble_take", "stumble_reserve", "stumble_sign",
    "stumble_hand_over", "stumble_put_back", "cancel",
)  # fmt: skip
AT_PROVIDER = ("refusing", "doubtful", "doubtful", "silent")  # customers whose orders go wrong over there


@dataclass(frozen=True)
class Plan:
    """What clients ask for. The same seed asks for the same."""

    seed: int
    width: int  # runs that one client has open at a time
    deliveries: float  # the part of the runs that ask the provider
    troubles: float = 0.3  # the part of the runs that meet something on their way


Wish = tuple[Any, Any, dict[str, Any]]


def wish(plan: Plan, client: int, number: int) -> Wish:
    """The saga, payload and description of a client's nth run."""
    chance = random.Random(f"{plan.seed}/{client}/{number}")
    thing = uuid5(NAMESPACE, f"{plan.seed}/{client}/{number}")
    asks = chance.random() < plan.deliveries
    trouble = chance.choice(TROUBLES) if chance.random() < plan.troubles else ""
    customer = f"chaos-{chance.choice(AT_PROVIDER) if asks and chance.random() < 0.25 else chance.randrange(HAPPY)}"
    if trouble == "stumble_put_back":  # comes up on the way back only
        trouble, asks, customer = ("stumble_put_back", True, "chaos-refusing")
    if asks and trouble.endswith("_sign"):
        trouble = ""
    shelf, amount = chance.randrange(2000), chance.randrange(1, 90)
    payload = Errand(thing, uuid5(NAMESPACE, "customer"), None, shelf, amount, trouble, customer)
    saga = delivery if asks else errand
    return saga, payload, {"label": f"{saga.name} {trouble}", "resource": ("errand", thing)}


class Journal:
    """One client's lines of JSON. A line is written at once, so that a killed client leaves what it knew."""

    def __init__(self, path: Path) -> None:
        self.path, self.asked, self.open = path, dict[str, bool](), dict[str, tuple[Any, ...]]()
        for line in path.read_text().splitlines() if path.exists() else ():
            self._learn(json.loads(line))
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, **facts: Any) -> None:
        os.write(self._file, (json.dumps(facts) + "\n").encode())
        self._learn(facts)

    def _learn(self, facts: dict[str, Any]) -> None:
        if "key" in facts:
            self.asked[facts["key"]] = "run" in facts
            if "run" in facts:
                self.open.setdefault(facts["run"], ())
        elif facts["status"] in FINAL:
            self.open.pop(facts["run"], None)
        else:
            self.open[facts["run"]] = ()

    @property
    def unacknowledged(self) -> list[str]:
        return [key for key, known in self.asked.items() if not known]


class Client:
    """Keeps as many runs open as it may."""

    def __init__(self, number: int, journal: Journal, wishes: Callable[[int], Wish | None], width: int) -> None:
        self.number, self.journal, self.wishes, self.width = number, journal, wishes, width
        self.next_anyway = 0.0

    def turn(self) -> None:
        """Ask again for what was not acknowledged, ask for more, and look at what is open."""
        waiting = self.journal.unacknowledged
        for key in waiting:
            self.ask(key)
        if len(self.journal.open) < self.width or self._is_bored():
            self.ask(f"{self.number}-{len(self.journal.asked)}")
        self.look()

    def _is_bored(self) -> bool:
        """Whether a run is to be started though many are open: while those wait, nothing would come to any place."""
        now = time.monotonic()
        if now < self.next_anyway or len(self.journal.open) >= 2 * self.width:
            return False
        self.next_anyway = now + 0.4
        return True

    def ask(self, key: str) -> None:
        found = self.wishes(int(key.partition("-")[2]))
        if found is None:
            return
        saga, payload, about = found
        if key not in self.journal.asked:
            self.journal.write(key=key, flow=saga.name, trouble=getattr(payload, "trouble", ""), asked=time.time())
        started = store.start(saga, payload, key=f"chaos/{key}", **about)
        self.journal.write(key=key, run=str(started.id), thing=str(started.resource_id), acknowledged=time.time())
        if getattr(payload, "trouble", "") == "cancel":
            self.cancel(key, started.id)

    def cancel(self, key: str, run_id: UUID) -> None:
        """Change one's mind at once; it may be too late."""
        with suppress(Conflict):
            intervene(Scope.system("a client"), run_id, "cancel", actor=SYSTEM)
            self.journal.write(key=key, run=str(run_id), canceled=time.time())

    def look(self) -> None:
        """Note what has changed of the open runs."""
        wanted = [UUID(run_id) for run_id in self.journal.open]
        columns = (run.c.id, run.c.rev, run.c.status, run.c.phase, run.c.pivoted)
        with db.begin_read() as session:
            rows = session.execute(run.select().with_only_columns(*columns).where(run.c.id.in_(wanted))).all()
        for row in rows:
            seen = tuple(row)[1:]
            if self.journal.open.get(str(row.id)) != seen:
                self.journal.write(
                    run=str(row.id), status=row.status, rev=row.rev, phase=row.phase, pivoted=row.pivoted
                )
                if str(row.id) in self.journal.open:
                    self.journal.open[str(row.id)] = seen


def a_client(number: int, folder: Path, plan: Plan, wishes: Callable[[int], Wish | None] | None = None) -> Any:
    """What a client's process does."""
    return partial(_be_a_client, number=number, folder=folder, plan=plan, wishes=wishes)


def _be_a_client(
    settings: Settings, *, number: int, folder: Path, plan: Plan, wishes: Callable[[int], Wish | None] | None
) -> None:
    asked_to_stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_stop.append(number))
    start_logging("WARNING", f"client-{number}")
    bind(settings)
    flows.load()
    client = Client(
        number, Journal(folder / f"client-{number}.jsonl"), wishes or partial(wish, plan, number), plan.width
    )
    while not asked_to_stop:
        try:
            client.turn()
        except Exception:
            log.exception("the client could not go on for now")
            time.sleep(0.3)
        if len(client.journal.open) >= client.width:
            time.sleep(0.1)
