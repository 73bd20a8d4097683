"""A provider that answers what a test writes down."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.domains.services.scripted import Scripted


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
