"""Everything in this process, in the order it was sent: for tests and for seeding the demo.

A test may lose, double or reorder messages by changing `commands` and `replies` between two turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from domains import NAMES
from domains.kernel import clock

from .. import coordinator, relay, tables, worker
from . import Perform, performed

PER_MESSAGE = 16


class Transport:
    """A transport whose messages wait in lists until they are worked off by `run_until_quiet`."""

    def __init__(self, domains: Sequence[str] = NAMES, database: Callable[[str], Any] | None = None) -> None:
        """`domains` are those whose events and commands travel; `database(name)` finds a domain's database."""
        self.domains, self.database = domains, database or database_named
        for name in domains:
            relay.load_reactions(name)
        self.commands: deque[dict[str, Any]] = deque()
        self.replies: deque[dict[str, Any]] = deque()
        self.events: dict[str, deque[dict[str, Any]]] = {name: deque() for name in domains}

    def send_commands(self, envelopes: list[dict[str, Any]]) -> None:
        self.commands.extend(envelopes)

    def listen(self, queue: str, perform: Perform) -> None:
        raise RuntimeError("the inline transport has no worker processes: call run_until_quiet()")

    def receive_replies(self, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        taken = [self.replies.popleft() for _ in range(min(most, len(self.replies)))]
        return [None] * len(taken), taken

    def acknowledge_replies(self, tokens: list[Any]) -> None:
        return

    def publish_events(self, events: list[dict[str, Any]]) -> None:
        for queue in self.events.values():
            queue.extend(events)

    def depths(self) -> dict[str, int]:
        return {"commands": len(self.commands), "replies": len(self.replies)}

    def gap(self, domain: str) -> float:
        return 0.0

    def gap_filled(self, domain: str) -> None:
        return

    def receive_events(self, domain: str, most: int, wait: float) -> tuple[list[Any], list[dict[str, Any]]]:
        queue = self.events[domain]
        taken = [queue.popleft() for _ in range(min(most, len(queue)))]
        return [None] * len(taken), taken

    def acknowledge_events(self, domain: str, tokens: list[Any]) -> None:
        return

    def perform_next(self) -> None:
        """Perform the oldest command and queue its reply."""
        envelope = self.commands.popleft()
        domain = envelope["queue"].removesuffix("-exchange")
        reply = worker.perform(self.database(domain), envelope)
        if reply is not None:
            self.replies.append(reply)

    def perform_together(self) -> None:
        """Perform the oldest command with those of its domain right behind it, as those of one message are."""
        taken = [self.commands.popleft()]
        while self.commands and len(taken) < PER_MESSAGE and self.commands[0]["queue"] == taken[0]["queue"]:
            taken.append(self.commands.popleft())
        database = self.database(taken[0]["queue"].removesuffix("-exchange"))
        self.replies.extend(performed(worker.Performer(database), taken))

    def run_until_quiet(self) -> None:
        """Work off all commands, replies and events, until nothing is left that is due now."""
        while True:
            while self.commands:
                self.perform_together()
            _, replies = self.receive_replies(64, 0)
            if replies:
                coordinator.handle(replies)
            elif not (self._events_moved() or coordinator.wake()):
                return

    def _events_moved(self) -> bool:
        moved = sum(relay.relay(self.database(name), self) for name in self.domains)
        moved += relay.relay(tables.db, self)
        return bool(moved + sum(relay.consume(self.database(name), self, wait=0) for name in self.domains))

    def next_due(self) -> Any:
        """When the next timer of any run fires; None when all have ended."""
        with tables.db.begin_read() as session:
            query = tables.run.select().where(tables.run.c.next_at.is_not(None)).order_by(tables.run.c.next_at).limit(1)
            row = session.execute(query).one_or_none()
            return None if row is None else max(row.next_at, clock.now(session))


def database_named(name: str) -> Any:
    """A domain's database by the domain's name."""
    return import_module(f"domains.{name}.models").db
