"""What comes before an order is sent, and what becomes of its lines: approvals and the cart, in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Person, Program
from .test_journeys import begins_order, fact, opens_account, press
from .test_troubles import an_order, ended

Someone = Callable[..., Person]


@pytest.fixture
def limited(program: Callable[[str], Program]) -> Iterator[Program]:
    """A program that may order nothing by itself, within the test."""
    northwind = program("Northwind Traders")
    limit = {"role": "client", "limit": {"amount": "1.00", "currency": "EUR"}}
    assert northwind.post("/approval-limits", limit, str(uuid4())).status_code == 200
    yield northwind
    northwind.post("/approval-limits", limit | {"limit": None}, str(uuid4()))


def asked_for(program: Program, owner: Person) -> tuple[dict[str, Any], Page]:
    """An order that is above the limit, and its request as an owner sees it."""
    operation = program.post("/orders", an_order(program), str(uuid4())).json()
    assert (operation["status"], operation["waiting_for"]) == ("not_started", "approval")
    request = wait_for_request(program, operation["id"])
    page = owner.go("/approvals")
    expect(page.locator(f"main table a[href='/approvals/{request['id']}']")).to_be_visible()
    page.locator(f"main table a[href='/approvals/{request['id']}']").click()
    expect(page.locator(".facts")).to_contain_text("Commitment")
    expect(page.locator(".facts")).to_contain_text("then it is taken back")
    expect(page.locator(".pagehead")).to_contain_text("erp-sync asks for this")
    return operation, page


def test_an_order_above_the_limit_waits_until_an_owner_approves_it_and_then_goes_on(
    person: Someone, limited: Program, demo: dict[str, Any]
) -> None:
    owner = person().sign_in(demo, "owner@northwind.example")
    operation, page = asked_for(limited, owner)
    expect(owner.go(f"/orders/{operation['resource_id']}").locator("#main")).to_contain_text("Nothing is ordered")
    page.get_by_role("link", name="See the approval").click()

    page.get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.locator("#main")).to_contain_text("Olivia Owen said yes")
    page.get_by_role("link", name="See its progress").click()
    assert owner.until_ended() == "The subscription is active."
    expect(page.locator("#operation")).to_contain_text("Wait until it may go on")

    assert limited.get(f"/operations/{operation['id']}").json()["status"] == "succeeded"
    page.get_by_role("link", name="See the order").click()
    expect(page.locator("main tbody tr")).to_contain_text("Accepted")


def test_an_order_that_an_owner_rejects_comes_to_nothing_and_says_why(
    person: Someone, limited: Program, demo: dict[str, Any]
) -> None:
    owner = person().sign_in(demo, "owner@northwind.example")
    operation, page = asked_for(limited, owner)
    page.get_by_text("Reject it", exact=True).click()
    page.get_by_role("button", name=re.compile("^Reject")).click()
    expect(page.locator(".errors")).to_contain_text("It was not decided")

    page.get_by_label("Why", exact=True).fill("We use what we have.")
    page.get_by_role("button", name=re.compile("^Reject")).click()
    expect(page.locator("#main")).to_contain_text("Olivia Owen said no")
    expect(page.locator("#main")).to_contain_text("We use what we have.")
    expect(page.get_by_role("button", name=re.compile("^(Approve|Reject)"))).to_have_count(0)

    assert ended(limited, operation["id"])["status"] == "failed"
    assert limited.get(f"/orders/{operation['resource_id']}").json()["state"] == "rejected"
    order = owner.go(f"/orders/{operation['resource_id']}").locator("#main")
    expect(order).to_contain_text("Nothing was charged")
    expect(order).to_contain_text("We use what we have.")


def wait_for_request(program: Program, operation: str) -> dict[str, Any]:
    """The order's request, as soon as the order is written down and somebody is asked."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for one in program.get("/approvals", state="open").json()["items"]:
            if one["operation_id"] == operation:
                return dict(one)
        time.sleep(0.1)
    raise AssertionError("nobody was asked")


def test_of_several_offers_one_is_refused_the_others_run_and_it_can_be_ordered_again(
    person: Someone, sandbox: Callable[..., Any], demo: dict[str, Any]
) -> None:
    buyer, account = person().sign_in(demo, "buyer@northwind.example"), f"Branch {str(uuid4())[:8]}"
    page = buyer.page
    opens_account(buyer, account)
    for offer in ("Intranet", "Analytics Pro", "Forecast"):
        begins_order(buyer, offer, account, 6)
        press(page, "Put it into the cart")
        expect(page.locator("#main")).to_contain_text("In the cart")
    sandbox("PUT", "faults", faults=[{"operation": "place_order", "kind": "partial", "count": 1}])

    assert orders(buyer) == "Some lines were refused. The others are active."
    expect(page.locator("#operation")).to_contain_text("Analytics Pro: The provider has no capacity left")
    charged = re.findall(r"Charged: (EUR\s[\d.]+), net", page.locator("#operation").inner_text())
    page.get_by_role("link", name="See the order").click()
    expect(page.locator(".pagehead")).to_contain_text("Partly done")
    assert [state_of(row) for row in page.locator("main tbody tr:has(th)").all()] == ["Accepted", "Refused", "Accepted"]
    refused = page.locator("main tbody tr", has_text="Refused")
    expect(refused).to_contain_text("Analytics Pro")
    expect(page.locator("main tr.is-open + tr")).to_contain_text("no capacity left")
    expect(refused).to_contain_text("0.00")
    assert charged[0] in fact(page, "Charged now")

    press(page, "Put the refused lines into the cart")
    expect(page.locator("main tbody tr")).to_have_count(1)
    assert orders(buyer) == "The subscription is active."


def orders(buyer: Person) -> str:
    """Order what is in the cart that is open; gives what became of it."""
    press(buyer.page, "Check the order")
    expect(buyer.page.locator("#main")).to_contain_text("Our promise to you")
    press(buyer.page, "Send the order")
    return buyer.until_ended()


def state_of(row: Locator) -> str:
    return row.locator(".state").inner_text().strip()
