"""What the product is for, in a browser: open an account, order for it, watch, change, extend and cancel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .conftest import Person, Program

Someone = Callable[..., Person]


def press(page: Page, name: str) -> None:
    """Press a button by what stands on it."""
    page.get_by_role("button", name=name, exact=True).click()


def fact(page: Page, name: str) -> str:
    """What stands beside a name in the figures at the head of a page."""
    return page.locator(".facts > div", has_text=name).first.inner_text()


def opens_account(buyer: Person, name: str) -> None:
    """Open an account and look at it."""
    page = buyer.go("/accounts/new")
    page.locator("#main").get_by_label("Name", exact=True).fill(name)
    press(page, "Open the account")
    buyer.until_ended()
    page.get_by_role("link", name="See the account").click()
    expect(page.locator("h1")).to_contain_text(name)


def asks_for(buyer: Person, offer: str, account: str, seats: int, term: str | None = None) -> None:
    """Find an offer in the catalogue and fill in the order, up to the page that shows our promise."""
    begins_order(buyer, offer, account, seats, term)
    page = buyer.page
    press(page, "Check the order")
    expect(page.locator("#main")).to_contain_text("Our promise to you")


def begins_order(buyer: Person, offer: str, account: str, seats: int, term: str | None = None) -> None:
    """Find an offer in the catalogue and fill in how many, for how long (else the first that is offered), for whom."""
    page = buyer.go(f"/offers?q={offer}")
    page.get_by_role("link", name=offer, exact=True).first.click()
    page.get_by_label("How many?").fill(str(seats))
    if term:
        page.get_by_role("radio", name=term).first.check()
    choice = page.get_by_label("For which account?")
    if choice.count():  # with a single account there is nothing to choose
        choice.select_option(value=choice.locator("option", has_text=account).get_attribute("value"))
    press(page, "Go on")


@pytest.mark.smoke
@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without a script"])
def test_a_buyer_opens_an_account_and_runs_a_subscription_on_it(
    person: Someone, demo: dict[str, Any], script: bool
) -> None:
    buyer = person(java_script_enabled=script).sign_in(demo, "buyer@northwind.example")
    page, account = buyer.page, f"Branch {str(uuid4())[:8]}"

    opens_account(buyer, account)
    expect(page.locator("#main")).to_contain_text(".ccp.example")

    asks_for(buyer, "Intranet", account, 25)
    press(page, "Send the order")
    assert buyer.until_ended() == "The subscription is active."

    subscription = sees_what_it_ordered(buyer, "Intranet")
    assert "25 seats" in fact(page, "Quantity")
    assert re.search(r"\d{1,2} \w+ 20\d\d", fact(page, "Valid to"))
    changes_extends_and_cancels(buyer, subscription)


def sees_what_it_ordered(buyer: Person, offer: str) -> str:
    """From an order that has just ended to its subscription; gives the address of that."""
    page = buyer.page
    page.get_by_role("link", name="See the order").click()
    page.locator("#main").get_by_role("link", name=offer, exact=True).first.click()
    expect(page.locator("h1")).to_contain_text(offer)
    expect(page.locator(".pagehead")).to_contain_text("Active")
    return page.url.removeprefix(buyer.base_url)


def changes_extends_and_cancels(buyer: Person, subscription: str) -> None:
    page = buyer.go(f"{subscription}/quantity")
    page.get_by_label("Seats", exact=True).fill("30")
    press(page, "Check and confirm")
    press(page, "Change the quantity")
    assert buyer.until_ended() == "The quantity is 30 now; it was 25."
    assert "30 seats" in fact(buyer.go(subscription), "Quantity")

    before = fact(page, "Valid to")
    buyer.go(f"{subscription}/extend").get_by_role("radio").first.check()
    press(page, "Check and confirm")
    press(page, "Extend it")
    assert buyer.until_ended().startswith("It runs to")
    assert fact(buyer.go(subscription), "Valid to") != before

    buyer.go(f"{subscription}/cancel").get_by_label("End it now").check()
    press(page, "Check and confirm")
    press(page, "End it now")
    assert buyer.until_ended() == "It has been cancelled."
    expect(buyer.go(subscription).locator(".pagehead")).to_contain_text("Cancelled")


def test_a_form_that_is_sent_twice_orders_once(person: Someone, demo: dict[str, Any]) -> None:
    buyer = person().sign_in(demo, "buyer@northwind.example")
    asks_for(buyer, "Intranet", "Head office", 11)
    page = buyer.page
    typed = page.evaluate("Object.fromEntries(new FormData(document.querySelector('form[action=\"/orders\"]')))")

    sent = [page.request.post(f"{buyer.base_url}/orders", form=typed, max_redirects=0) for _ in range(2)]

    assert [one.status for one in sent] == [303, 303]
    assert sent[0].headers["location"] == sent[1].headers["location"]


@pytest.mark.asvs("7.4.1")
def test_whoever_signs_out_is_out_at_once(person: Someone, demo: dict[str, Any]) -> None:
    reader = person().sign_in(demo, "reader@northwind.example")
    page = reader.page
    kept = page.context.cookies()

    page.locator("summary.me").click()
    press(page, "Sign out")
    page.wait_for_url("**/login*")
    page.context.add_cookies(kept)
    reader.go("/subscriptions")

    assert "/login" in page.url


@pytest.mark.asvs("8.2.2")
def test_another_tenants_pages_are_not_there(
    person: Someone, demo: dict[str, Any], program: Callable[[str], Program]
) -> None:
    lucerne = program("Lucerne Publishing")
    buyer = person().sign_in(demo, "buyer@northwind.example")

    for kind in ("accounts", "orders", "subscriptions", "operations"):
        foreign = lucerne.get(f"/{kind}").json()["items"][0]["id"]
        answer = buyer.page.goto(f"{buyer.base_url}/{kind}/{foreign}")
        assert answer is not None
        assert answer.status == 404
