"""The real sandbox provider in a process of its own, one for all tests of a process; ids keep their things apart."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from domains.kernel import database
from domains.kernel.config import Settings
from tests.servers import free_port

SECRET = "a-secret-of-the-tests"


@dataclass
class Sandbox:
    """The running sandbox: its address, its control desk, and what it holds."""

    url: str

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = requests.request(method, f"{self.url}/control/{path}", json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    @property
    def now(self) -> datetime:
        """The time over there, which tests move; whoever orders there at their own time goes by it."""
        return datetime.fromisoformat(self.control("GET", "clock")["now"])

    def fault(self, operation: str, kind: str, **more: Any) -> None:
        self.control("PUT", "faults", faults=[{"operation": operation, "kind": kind, **more}])

    def get(self, path: str, **params: Any) -> Any:
        return self._api("GET", path, params=params)

    def post(self, path: str, **body: Any) -> Any:
        return self._api("POST", path, json=body)

    def _api(self, method: str, path: str, **options: Any) -> Any:
        form = {"grant_type": "client_credentials"}
        token = requests.post(f"{self.url}/oauth2/token", data=form, auth=("tests", SECRET), timeout=10).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        return requests.request(method, f"{self.url}/v1/{path}", headers=headers, timeout=10, **options).json()

    def orders(self, reference: object) -> list[Any]:
        return self.get("orders", reference=str(reference))["items"]


@contextmanager
def sandbox_process(session_folder: Path) -> Iterator[Sandbox]:
    """Run a sandbox within the `with`."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--demo",
               "--database", str(session_folder / f"sandbox-{port}.sqlite3")]  # fmt: skip
    environ = os.environ | {"SANDBOX_CLIENT_ID": "tests", "SANDBOX_CLIENT_SECRET": SECRET}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    found = Sandbox(f"http://127.0.0.1:{port}")
    try:
        wait_for(found.url)
        if (now := datetime.now(UTC)).hour >= 21:  # it is another day already where the tests' customers are
            found.control("POST", "clock/advance", to=f"{now.date() + timedelta(days=1)}T03:00:00+00:00")
        yield found
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def running_sandbox(session_folder: Path) -> Iterator[Sandbox]:
    with sandbox_process(session_folder) as found:
        yield found


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            if requests.get(f"{url}/healthz", timeout=1).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)  # the process is starting
    raise AssertionError("the sandbox did not start")


@pytest.fixture
def sandbox(databases: Settings, running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox behind this test's settings: orders and changes are done at once, no faults; silence lasts 1 s."""
    database.bind(
        replace(databases, provider_url=running_sandbox.url, provider_client_id="tests",
                provider_client_secret=SECRET, provider_timeout=1.0)
    )  # fmt: skip
    running_sandbox.control("PUT", "settings", order_seconds=0, change_seconds=0)
    yield running_sandbox
    running_sandbox.control("DELETE", "faults")
