"""Queues with locks: what was sent waits, is lent to a receiver for a while, and is then done, back, or a dead letter.

A message stays as it was sent; in front of it the broker writes its own notes when it hands it out.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .codec import LONG, TIMESTAMP, Described, Symbol, Typed, decode, encode

HEADER, DELIVERY_NOTES, NOTES, PROPERTIES, APPLICATION, DATA, VALUE = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x77
NOT_AS_SENT = (HEADER, DELIVERY_NOTES, NOTES, APPLICATION)
BATCH = 0x80013700  # the message format of several messages in one


@dataclass
class Message:
    """One message: its parts as they came, and how it has fared here."""

    raw: bytes
    number: int = 0
    deliveries: int = 0
    reason: str = ""  # why it is a dead letter
    sections: list[tuple[int, bytes, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.sections = sections_of(self.raw)

    def part(self, code: int) -> Any:
        return next((value for known, _, value in self.sections if known == code), None)

    @property
    def message_id(self) -> Any:
        properties = self.part(PROPERTIES)
        return properties[0] if properties else None

    @property
    def content(self) -> Any:
        """What the message says, as JSON; its text when it is none."""
        body = b"".join(value for code, _, value in self.sections if code == DATA)
        try:
            return json.loads(body)
        except ValueError:
            return body.decode(errors="replace")

    def as_delivered(self, locked_until: float) -> bytes:
        """The message with the broker's notes on it."""
        told = self.part(NOTES) or {}
        notes = {Symbol(key): value for key, value in told.items()} | {
            Symbol("x-opt-sequence-number"): Typed(LONG, self.number),
            Symbol("x-opt-enqueued-time"): Typed(TIMESTAMP, int(time.time() * 1000)),
            Symbol("x-opt-locked-until"): Typed(TIMESTAMP, int(locked_until * 1000)),
        }
        header = [None, None, None, None, self.deliveries]
        facts = dict(self.part(APPLICATION) or {}) | ({"DeadLetterReason": self.reason} if self.reason else {})
        rest = b"".join(raw for code, raw, _ in self.sections if code not in NOT_AS_SENT)
        mine = encode(Described(HEADER, header)) + encode(Described(NOTES, notes))
        return mine + (encode(Described(APPLICATION, facts)) if facts else b"") + rest


def sections_of(raw: bytes) -> list[tuple[int, bytes, Any]]:
    """The parts of a message: what each is, its bytes and what they mean."""
    found, at = [], 0
    while at < len(raw):
        part, end = decode(raw, at)
        found.append((part.code, raw[at:end], part.value))
        at = end
    return found


def unpacked(raw: bytes, form: int | None) -> list[Message]:
    """The messages in what one transfer has brought: several when they came as a batch."""
    if form != BATCH:
        return [Message(raw)]
    return [Message(value) for code, _, value in sections_of(raw) if code == DATA]


@dataclass
class Rules:
    """How the queues of a broker behave."""

    lock_seconds: float = 30.0
    most_deliveries: int = 10
    drops_duplicates: bool = True


class Entity:
    """A queue, or a topic's subscription, which is one too. A dead-letter queue belongs to each."""

    def __init__(self, name: str, rules: Rules, later: Callable[[float, Callable[[], None]], Any]) -> None:
        """`later(seconds, what)` does something after a while."""
        self.name, self.rules, self._later = name, rules, later
        self.waiting: deque[Message] = deque()
        self.locked: dict[bytes, Message] = {}
        self.until: dict[bytes, float] = {}
        self.renewals = 0
        self.seen: set[Any] = set()
        self.numbered = 0
        self.dead: Entity | None = None if name.endswith("/$deadletterqueue") else self._dead_letters()
        self.receivers: list[Callable[[], None]] = []  # told when there is something to take

    def _dead_letters(self) -> Entity:
        return Entity(f"{self.name}/$deadletterqueue", Rules(drops_duplicates=False), self._later)

    def put(self, message: Message) -> None:
        """Take in a message. One whose id was seen before is dropped without a word, as Service Bus does."""
        if self.rules.drops_duplicates and message.message_id is not None:
            if message.message_id in self.seen:
                return
            self.seen.add(message.message_id)
        self.numbered += 1
        message.number = self.numbered
        self.waiting.append(message)
        self.tell()

    def tell(self) -> None:
        for receiver in list(self.receivers):
            receiver()

    def lend(self) -> tuple[bytes, Message, float]:
        """Lock the oldest message that waits: its lock's token, the message, and until when it is locked."""
        message, token = self.waiting.popleft(), uuid.uuid4().bytes_le
        self.locked[token] = message
        self.until[token] = time.time() + self.rules.lock_seconds
        self._later(self.rules.lock_seconds, lambda: self._run_out(token))
        return token, message, self.until[token]

    def renew(self, token: bytes) -> float | None:
        """Lock a message for as long again; gives until when, or None when its lock is lost."""
        if token not in self.locked:
            return None
        self.renewals += 1
        self.until[token] = time.time() + self.rules.lock_seconds
        return self.until[token]

    def _run_out(self, token: bytes) -> None:
        left = self.until[token] - time.time() if token in self.locked else 0.0
        if left > 0.001:
            self._later(left, lambda: self._run_out(token))
            return
        self.until.pop(token, None)
        self.give_back(token, failed=True)

    def complete(self, token: bytes) -> bool:
        """Forget a message; False when its lock is lost."""
        return self.locked.pop(token, None) is not None

    def give_back(self, token: bytes, *, failed: bool) -> bool:
        """Let others have a message that was locked; one that has failed too often becomes a dead letter."""
        message = self.locked.pop(token, None)
        if message is None:
            return False
        message.deliveries += failed
        if self.dead is not None and message.deliveries >= self.rules.most_deliveries:
            self._bury(message, "MaxDeliveryCountExceeded")
        else:
            self.waiting.append(message)
            self.waiting = deque(sorted(self.waiting, key=lambda one: one.number))
            self.tell()
        return True

    def bury(self, token: bytes, reason: str) -> bool:
        """Make a locked message a dead letter."""
        message = self.locked.pop(token, None)
        if message is None:
            return False
        self._bury(message, reason)
        return True

    def _bury(self, message: Message, reason: str) -> None:
        message.reason = reason
        if self.dead is not None:
            self.dead.put(message)

    def forget(self) -> None:
        self.waiting.clear()
        self.locked.clear()
