"""The sandbox provider as a process of its own: it can fall silent in the middle of an answer."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

CLIENT = ("client", "secret")
LINE = {
    "reference": "s1", "offer_id": "tailspin-analytics-pro", "term": "P1Y", "billing_cycle": "monthly", "quantity": 5,
}  # fmt: skip


@pytest.fixture
def process(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {"SANDBOX_CLIENT_ID": CLIENT[0], "SANDBOX_CLIENT_SECRET": CLIENT[1], "PYTHONPATH": "."}
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--port",
        str(port),
        "--database",
        str(tmp_path / "s.sqlite3"),
        "--demo",
    ]
    running = subprocess.Popen(command, env=environ)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            requests.get(f"{address}/healthz", timeout=1)
            break
        except requests.ConnectionError:
            running.poll()
    yield address
    running.terminate()
    assert running.wait(5) == 0


@pytest.mark.slow
def test_the_process_falls_silent_after_applying_and_can_be_asked_what_it_did(process: str) -> None:
    token = requests.post(
        f"{process}/oauth2/token", {"grant_type": "client_credentials"}, auth=CLIENT, timeout=5
    ).json()
    headers = {"Authorization": f"Bearer {token['access_token']}", "Request-Id": "r1"}
    requests.put(f"{process}/v1/customers/acc", json={"name": "A", "country": "NL"}, headers=headers, timeout=5)
    fault = {"operation": "place_order", "kind": "timeout_after_applying", "seconds": 30, "count": 1}
    requests.put(f"{process}/control/faults", json={"faults": [fault]}, timeout=5)
    order = {"reference": "o1", "customer": "acc", "currency": "EUR", "lines": [LINE]}

    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{process}/v1/orders", json=order, headers=headers, timeout=0.5)

    found = requests.get(f"{process}/v1/orders?reference=o1", headers=headers, timeout=5).json()["items"]
    again = requests.post(f"{process}/v1/orders", json=order, headers=headers, timeout=5).json()
    assert len(found) == 1
    assert again["id"] == found[0]["id"]
