"""A server that takes connections and says nothing: one call waits for it, briefly, and the others fail at once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis as driver

from domains.kernel import config, redis
from domains.kernel.config import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def silent(settings: Settings) -> Iterator[driver.Redis]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        config.use(replace(settings, queue_url=f"redis://127.0.0.1:{server.getsockname()[1]}/0"))
        found = redis.client()
        yield found
        found.close()


def test_it_is_waited_for_once_and_briefly(silent: driver.Redis) -> None:
    begun = time.monotonic()

    for _ in range(5):
        with pytest.raises(driver.RedisError):
            silent.get("a")

    assert time.monotonic() - begun < 2


def test_it_is_asked_again_after_a_while(silent: driver.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "PAUSE", 0.0)
    for _ in range(2):
        with pytest.raises(driver.TimeoutError):
            silent.get("a")
