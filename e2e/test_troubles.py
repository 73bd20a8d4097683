"""When the provider says no, falls silent or is slow, and when a process dies: one order or none, and plain words."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from .conftest import Person, Program

Control = Callable[..., Any]


def an_order(program: Program, quantity: int = 7) -> dict[str, Any]:
    """An order of one offer for the program's first account."""
    account = program.get("/accounts").json()["items"][0]["id"]
    offer = program.get("/offers", q="survey desk", limit=1).json()["items"][0]["id"]
    line = {"offer_id": offer, "quantity": quantity, "term": "P1Y", "billing_cycle": "monthly"}
    return {"account_id": account, "lines": [line]}


def ended(program: Program, operation: str, seconds: float = 90) -> dict[str, Any]:
    """The operation when it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found: dict[str, Any] = program.get(f"/operations/{operation}").json()
        if found["status"] in ("succeeded", "failed", "canceled"):
            return found
        time.sleep(0.3)
    raise AssertionError(f"the operation did not end: {found}")


def test_what_the_provider_refuses_is_taken_back_and_both_doors_say_so(
    program: Callable[[str], Program], person: Callable[..., Person], sandbox: Control, demo: dict[str, Any]
) -> None:
    sandbox(
        "PUT",
        "faults",
        faults=[{"operation": "place_order", "kind": "reject", "code": "capacity_exceeded", "count": 1}],
    )
    northwind = program("Northwind Traders")

    operation = northwind.post("/orders", an_order(northwind), str(uuid4())).json()
    failed = ended(northwind, operation["id"])

    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "capacity_exceeded"
    assert northwind.get(f"/orders/{operation['resource_id']}").json()["state"] == "rejected"
    reader = person().sign_in(demo, "buyer@northwind.example")
    text = reader.go(f"/operations/{operation['id']}").inner_text("#main")
    assert "othing was charged" in text
    assert "no capacity left" in text


def test_a_provider_that_falls_silent_after_taking_an_order_has_exactly_one(
    program: Callable[[str], Program], sandbox: Control
) -> None:
    fault = {"operation": "place_order", "kind": "timeout_after_applying", "seconds": 30, "count": 1}
    sandbox("PUT", "faults", faults=[fault])
    northwind = program("Northwind Traders")

    operation = northwind.post("/orders", an_order(northwind), str(uuid4())).json()
    done = ended(northwind, operation["id"])

    assert done["status"] == "succeeded"
    assert len(sandbox("GET", f"orders?reference={operation['resource_id']}")["orders"]) == 1


def test_an_order_completes_although_its_worker_is_killed_in_the_middle(
    program: Callable[[str], Program], sandbox: Control, installation: Path, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--base-url", default=None):
        pytest.skip("kills a process of an installation of our own only")
    sandbox("PUT", "faults", faults=[{"operation": "place_order", "kind": "latency", "seconds": 4, "count": 1}])
    northwind = program("Northwind Traders")
    operation = northwind.post("/orders", an_order(northwind), str(uuid4())).json()
    until = time.monotonic() + 20
    while sandbox("GET", "faults")["faults"] and time.monotonic() < until:
        time.sleep(0.05)  # until the worker is in the middle of its call

    os.kill(worker_of("services-exchange", installation), signal.SIGKILL)
    done = ended(northwind, operation["id"])

    assert done["status"] == "succeeded"
    assert len(sandbox("GET", f"orders?reference={operation['resource_id']}")["orders"]) == 1


def worker_of(queue: str, installation: Path) -> int:
    """The process that works off a queue of this installation, as its supervisor knows it."""
    known: dict[str, int] = json.loads((installation / "log" / "processes.json").read_text())
    return known[f"worker-{queue}"]


def test_the_same_request_twice_is_one_order(program: Callable[[str], Program]) -> None:
    northwind, key = program("Northwind Traders"), str(uuid4())
    order = an_order(northwind)

    first, again = northwind.post("/orders", order, key), northwind.post("/orders", order, key)
    other = northwind.post("/orders", an_order(northwind, 8), key)

    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_another_tenants_account_is_not_there_and_nothing_is_written(program: Callable[[str], Program]) -> None:
    northwind, lucerne = program("Northwind Traders"), program("Lucerne Publishing")
    foreign = lucerne.get("/accounts").json()["items"][0]["id"]
    before = lucerne.get("/orders").json()["items"]

    read = northwind.get(f"/accounts/{foreign}")
    order = northwind.post("/orders", an_order(northwind) | {"account_id": foreign}, str(uuid4()))

    assert (read.status_code, order.status_code) == (404, 404)
    assert lucerne.get("/orders").json()["items"] == before
