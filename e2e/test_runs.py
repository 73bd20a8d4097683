"""Runs that wait or are in trouble: their customer cancels them, an operator finds them and helps."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .conftest import Person, Program
from .test_journeys import press
from .test_pages import look_at
from .test_troubles import an_order, ended, worker_of

Control = Callable[..., Any]
Someone = Callable[..., Person]
Programs = Callable[[str], Program]


@contextmanager
def asleep(worker: str, installation: Path) -> Iterator[None]:
    """One of the workers does nothing within the `with`."""
    process = worker_of(worker, installation)
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def helped(operator: Person, run: str, button: str, word: str) -> None:
    """Step in from the run's page; when the run has moved on meanwhile, look again and do it anew."""
    for _ in range(8):
        page = operator.go(f"/runs/{run}")
        page.get_by_label("Why?").fill("The provider is back.")
        press(page, button)
        page.wait_for_load_state("networkidle")
        if page.locator(".flashes").get_by_text(word).count():
            return
        expect(page.locator("#main")).to_contain_text("somebody else was quicker, or the run has moved on")
    raise AssertionError(f"the run {run} was always quicker")


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without a script"])
def test_a_customer_cancels_what_waits(
    program: Programs, person: Someone, demo: dict[str, Any], installation: Path, request: pytest.FixtureRequest,
    script: bool,
) -> None:  # fmt: skip
    if request.config.getoption("--base-url", default=None):
        pytest.skip("puts a process of an installation of our own to sleep only")
    northwind, buyer = program("Northwind Traders"), person(java_script_enabled=script)
    buyer.sign_in(demo, "buyer@northwind.example")

    with asleep("services", installation):
        operation = northwind.post("/orders", an_order(northwind), str(uuid4())).json()["id"]
        page = buyer.go(f"/operations/{operation}")
        press(page, "Cancel this")
        if script:
            page.locator("#confirm").get_by_role("button", name="Yes").click()
        expect(page.locator("#main")).to_contain_text("You have cancelled this")

    assert buyer.until_ended() == "This was cancelled. Nothing was charged."
    assert ended(northwind, operation)["status"] == "canceled"


def test_an_operator_helps_an_order_that_does_not_get_through(
    program: Programs, person: Someone, sandbox: Control, demo: dict[str, Any]
) -> None:
    sandbox("PUT", "faults", faults=[{"operation": "place_order", "kind": "error", "count": 1000}])
    operator = person().sign_in(demo, "saga.operator@operator.example")
    northwind = program("Northwind Traders")
    run = northwind.post("/orders", an_order(northwind, 9), str(uuid4())).json()["id"]

    helped(operator, run, "Pause", "It is paused.")
    page = operator.go(f"/runs?q={run}")
    expect(page.locator("tbody")).to_contain_text("Paused")
    page.locator("tbody a").first.click()
    expect(page.locator("#steps")).to_contain_text("Try failed")
    expect(page.locator("#steps")).to_contain_text("Request-Id")
    looks_right(operator, run)
    sandbox("DELETE", "faults")
    helped(operator, run, "Go on", "It goes on.")

    assert ended(northwind, run)["status"] == "succeeded"
    text = operator.go(f"/runs/{run}").inner_text("#main")
    assert text.count("The provider is back.") >= 2
    assert "Rita Moss" in text


def looks_right(operator: Person, run: str) -> None:
    """The console's pages are fit for everybody, with a run that is held."""
    lists = ["/", "/runs", "/runs?status=&flow=place-order", "/runs?q=zzz"]
    look_at(operator, [*lists, f"/runs/{run}", f"/runs/{run}/steps"])


def test_many_that_do_not_get_through_are_tried_again_at_once(
    program: Programs, person: Someone, sandbox: Control, demo: dict[str, Any]
) -> None:
    sandbox("PUT", "faults", faults=[{"operation": "place_order", "kind": "error", "count": 1000}])
    operator = person(java_script_enabled=False).sign_in(demo, "administrator@operator.example")
    northwind = program("Northwind Traders")
    runs = [northwind.post("/orders", an_order(northwind, 3), str(uuid4())).json()["id"] for _ in range(2)]
    sandbox("DELETE", "faults")

    page: Page = operator.go("/runs?flow=place-order")
    page.get_by_text("Try these again").click()
    page.get_by_label("Why?").fill("The provider is back.")
    page.get_by_label("How many at most?").fill("10")
    press(page, "Try again now")

    expect(page.locator("h1")).to_contain_text("tried again")
    assert {ended(northwind, run)["status"] for run in runs} == {"succeeded"}
