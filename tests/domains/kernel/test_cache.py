"""The cache may be away, or be something else altogether: nothing is found then, and nobody gets an error."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from domains.kernel import cache, config
from domains.kernel.config import Settings

ODD = [b"hello\r\n", b"$abc\r\n", b"*x\r\n", b":5\r\n", b"+OK\r\n", b"-NOAUTH\r\n", b"*2\r\n$1\r\na\r\n:1\r\n"]


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happened to the cache before, it is asked again."""
    monkeypatch.setattr(cache, "_away_until", 0.0)


@contextmanager
def a_server_that_says(answer: bytes) -> Iterator[str]:
    """Gives the address of a server that answers everything with the same bytes."""

    class Say(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.connection.recv(65536):
                self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Say) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        server.shutdown()


@pytest.mark.parametrize("answer", ODD)
def test_a_server_that_answers_nonsense_is_a_cache_that_is_away(settings: Settings, answer: bytes) -> None:
    with a_server_that_says(answer) as url:
        config.use(replace(settings, cache_url=url))

        assert cache.get("a") is None
        assert cache._server() is None  # for a while

        cache._away_until = 0.0
        cache.put("a", b"1")
        cache._clients.popitem()[1].close()


@pytest.mark.asvs("16.5.2")
@pytest.mark.parametrize("url", ["nonsense", "redis://127.0.0.1:port/0", "redis://nowhere.invalid:1/0"])
def test_an_address_that_leads_nowhere_is_a_cache_that_is_away(settings: Settings, url: str) -> None:
    config.use(replace(settings, cache_url=url))

    cache.put("a", b"1")
    cache._away_until = 0.0

    assert cache.get("a") is None
