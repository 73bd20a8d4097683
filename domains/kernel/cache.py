"""A cache that may be away: what is not found is made anew, and nobody waits long for a server that does not answer.

Its keys carry whose data they hold. What is kept must say by its key what it was made of, so that it cannot be wrong.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import config

log = logging.getLogger(__name__)
PREFIX = "cloudsales:cache:"
LASTS = 300  # seconds; by then it is forgotten, however good it may be
LARGEST = 500_000  # bytes
WAITS = 0.1  # seconds for an answer
PAUSE = 5.0  # seconds without the cache after it has not answered

_clients: dict[tuple[int, str], redis.Redis] = {}
_away_until = 0.0


def get(key: str) -> bytes | None:
    """What is kept under a key; None when it is not, or when the cache is away."""
    try:
        server = _server()
        found: Any = server.get(PREFIX + key) if server is not None else None
    except (
        Exception
    ) as error:  # also what is no Redis and answers nonsense, for which the client has no error of its own
        _stay_away(error)
        return None
    return found if isinstance(found, bytes) else None


def put(key: str, value: bytes) -> None:
    """Keep something for some minutes, if the cache is there."""
    try:
        server = _server()
        if server is not None and len(value) <= LARGEST:
            server.set(PREFIX + key, value, ex=LASTS)
    except Exception as error:
        _stay_away(error)


def _server() -> redis.Redis | None:
    url = config.current().cache_address
    if not url or time.monotonic() < _away_until:
        return None
    key = (os.getpid(), url)
    if key not in _clients:
        once = Retry(NoBackoff(), 0)
        _clients[key] = redis.Redis.from_url(url, socket_connect_timeout=WAITS, socket_timeout=WAITS, retry=once)
    return _clients[key]


def _stay_away(error: Exception) -> None:
    """Do without the cache for a while, so that not every request waits for it."""
    global _away_until
    _away_until = time.monotonic() + PAUSE
    log.warning("doing without the cache for now", extra={"why": type(error).__name__})
