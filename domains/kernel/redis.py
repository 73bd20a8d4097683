"""The Redis of this process: queue, revocation epochs and limiter counters. When it is gone, calls fail fast."""

from __future__ import annotations

import os

import redis

from . import config

_clients: dict[tuple[int, str], redis.Redis] = {}


def client() -> redis.Redis:
    """This process's connection pool, with short time-outs (0.5 s) so that a dead server costs little."""
    url = config.current().queue_url
    key = (os.getpid(), url)
    if key not in _clients:
        _clients[key] = redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=5.0)
    return _clients[key]
