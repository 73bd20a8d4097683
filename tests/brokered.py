"""The tests' own providers as processes: one of each for all tests of a process, reset before each test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.sandboxes import wait_for
from tests.servers import free_port

SECRET = "a-secret-of-the-tests"


@dataclass
class Controlled:
    """A running process and its control desk."""

    url: str

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/control/{path}", json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, status: int, **more: Any) -> None:
        self.control("PUT", "faults", [{"status": status, **more}])


@contextmanager
def process_of(package: str) -> Iterator[Controlled]:
    """Run a provider of the tests within the `with`."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", package, "--port", str(port)], stderr=subprocess.DEVNULL)
    found = Controlled(f"http://127.0.0.1:{port}")
    try:
        wait_for(found.url)
        yield found
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def running_broker() -> Iterator[Controlled]:
    with process_of("tests.osb") as found:
        yield found


@pytest.fixture
def broker(running_broker: Controlled) -> Controlled:
    """The broker without faults, all at once."""
    running_broker.control("PUT", "faults", [])
    running_broker.control("PUT", "settings", {})
    return running_broker


@pytest.fixture(scope="session")
def running_partner_center() -> Iterator[Controlled]:
    with process_of("tests.partner_center") as found:
        yield found


@pytest.fixture
def partner_center(running_partner_center: Controlled) -> Controlled:
    """The simulator without faults, all at once, at today's time."""
    running_partner_center.control("PUT", "faults", [])
    running_partner_center.control("PUT", "settings", {})
    return running_partner_center
