"""What this process remembers of a token, and for how long.

A login or program has an epoch, which every change of its rights raises: sign-out, disabling, rotation, acting for
another. What this process remembers of a token holds only while the epoch is the same, and the epoch it compares with
is never older than one second: Redis keeps it that long for all processes, and the database answers when Redis does
not. So an end takes hold everywhere within a second, also when Redis was away at that moment.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from redis.exceptions import RedisError

from domains.kernel.redis import client as redis
from domains.kernel.tenancy import Caller

from ..models import ApiClient, Login, db

EPOCH_LASTS = 1000  # milliseconds
REMEMBERED = 60.0  # seconds until a token is looked up anew although its epoch is the same


@dataclass
class Known:
    """What this process remembers of a token."""

    caller: Caller
    kind: str
    id: str
    epoch: int
    until: float


class Memory:
    """The tokens that a process has seen lately, by their digest; bounded, oldest forgotten first."""

    def __init__(self, most: int = 10_000) -> None:
        self._known, self._most, self._lock = {}, most, threading.Lock()

    _known: dict[str, Known]

    def get(self, key: str) -> Known | None:
        """What is remembered, while it holds."""
        known = self._known.get(key)
        if known is None or known.until < time.monotonic() or current_epoch(known.kind, known.id) != known.epoch:
            return None
        return known

    def put(self, key: str, known: Known) -> None:
        """Remember a token."""
        with self._lock:
            while len(self._known) >= self._most:
                self._known.pop(next(iter(self._known)))
            self._known[key] = known


memory = Memory()


def current_epoch(kind: str, id: str) -> int:
    """The epoch of a login or client, at most a second old; -1 when it has ended."""
    key = f"cloudsales:epoch:{kind}:{id}"
    try:
        found = redis().get(key)
        if found is not None:
            return int(found)
    except RedisError:
        return _stored_epoch(kind, id)
    epoch = _stored_epoch(kind, id)
    with suppress(RedisError):  # the next one asks the database again
        redis().set(key, epoch, px=EPOCH_LASTS)
    return epoch


def _stored_epoch(kind: str, id: str) -> int:
    with db.begin_read() as session:
        if kind == "login":
            login = session.get(Login, UUID(id))
            return login.epoch if login is not None and login.revoked_at is None else -1
        found = session.get(ApiClient, id)
        return found.epoch if found is not None and found.status == "active" else -1


def forget_epoch(kind: str, id: str) -> None:
    """Make a change of rights hold at once; without it, it holds within a second."""
    with suppress(RedisError):
        redis().delete(f"cloudsales:epoch:{kind}:{id}")
