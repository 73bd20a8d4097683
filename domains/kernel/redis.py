"""The Redis of this process: queue, revocation epochs and limiter counters. When it is gone, calls fail fast."""

from __future__ import annotations

import os
import time
from typing import Any

import redis

from . import config

WAITS = 0.5  # seconds for an answer
PAUSE = 5.0  # seconds in which all calls fail at once, after an answer has not come

_clients: dict[tuple[int, str], redis.Redis] = {}


class Brief(redis.Redis):
    """A client that lets not every request wait for a server that takes connections and says nothing."""

    away_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if time.monotonic() < self.away_until:
            raise redis.ConnectionError("the server has just let us wait in vain")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.TimeoutError:
            self.away_until = time.monotonic() + PAUSE
            raise


def client() -> redis.Redis:
    """This process's connection pool, with short time-outs (0.5 s) so that a dead server costs little."""
    url = config.current().queue_url
    key = (os.getpid(), url)
    if key not in _clients:
        _clients[key] = Brief.from_url(url, socket_connect_timeout=WAITS, socket_timeout=WAITS)
    return _clients[key]
