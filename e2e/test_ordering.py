"""What comes before an order is sent: an approval by somebody else, several lines from a cart, in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import expect

from .conftest import Person, Program
from .test_journeys import press
from .test_troubles import an_order, ended

Someone = Callable[..., Person]


def test_an_order_above_the_limit_waits_until_an_owner_approves_it(
    person: Someone, program: Callable[[str], Program], demo: dict[str, Any]
) -> None:
    northwind = program("Northwind Traders")
    limit = {"role": "client", "limit": {"amount": "1.00", "currency": "EUR"}}
    assert northwind.post("/approval-limits", limit, str(uuid4())).status_code == 200
    try:
        operation = northwind.post("/orders", an_order(northwind), str(uuid4())).json()
        assert (operation["status"], operation["waiting_for"]) == ("not_started", "approval")
        wait_for_request(northwind, operation["id"])

        owner = person().sign_in(demo, "owner@northwind.example")
        page = owner.go("/approvals")
        page.locator("main table a").first.click()
        page.get_by_role("button", name=re.compile("^Approve")).click()
        expect(page.locator("#main")).to_contain_text("said yes")
    finally:
        northwind.post("/approval-limits", limit | {"limit": None}, str(uuid4()))

    assert ended(northwind, operation["id"])["status"] == "succeeded"


def wait_for_request(program: Program, operation: str) -> None:
    """Until the order is written down and its request is there."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if any(one["operation_id"] == operation for one in program.get("/approvals", state="open").json()["items"]):
            return
        time.sleep(0.3)
    raise AssertionError("nobody was asked")


def test_several_offers_are_ordered_from_the_cart(person: Someone, demo: dict[str, Any]) -> None:
    buyer = person().sign_in(demo, "buyer@northwind.example")
    for words in ("survey desk", "analytics pro"):
        page = buyer.go(f"/offers?q={words}")
        page.locator("main a[href^='/offers/']").first.click()
        press(page, "Go on")
        press(page, "Put it into the cart")
        expect(page.locator("#main")).to_contain_text("In the cart")
    press(page, "Check the order")
    expect(page.locator("#main")).to_contain_text("Our promise to you")
    press(page, "Send the order")
    assert "The subscriptions are active" in buyer.until_ended()
