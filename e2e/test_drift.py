"""What somebody did directly at the provider: found by comparing, put before a person, adopted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from .conftest import Person
from .test_journeys import asks_for, fact, opens_account, press, sees_what_it_ordered

Someone = Callable[..., Person]


def pair(page: Page, name: str) -> str:
    """What stands beside a name in the panels of a page."""
    return page.locator("dl.pairs > dt", has_text=name).locator("xpath=following-sibling::dd[1]").first.inner_text()


def compares(someone: Person, account: str) -> None:
    """Have an account compared with the provider at once."""
    page = someone.go("/drift")
    page.locator("#compare-account").select_option(label=account)
    press(page, "Compare now")
    assert someone.until_ended() == "This is done."


def adopts(someone: Person, account: str, difference: str) -> None:
    """Find the difference of an account in the inbox and take it over."""
    row = someone.go("/drift").locator("tbody tr", has_text=account)
    expect(row).to_contain_text(difference)
    row.get_by_role("link").first.click()
    someone.page.get_by_role("radio", name="Adopt it").check()
    press(someone.page, "Settle it")
    assert someone.until_ended() == "This is done."


def test_seats_that_were_bought_at_the_provider_are_found_and_adopted(
    person: Someone, sandbox: Callable[..., Any], demo: dict[str, Any]
) -> None:
    buyer = person().sign_in(demo, "buyer@northwind.example")
    account = f"Branch {str(uuid4())[:8]}"
    opens_account(buyer, account)
    asks_for(buyer, "Intranet", account, 12)
    press(buyer.page, "Send the order")
    assert buyer.until_ended() == "The subscription is active."
    subscription = sees_what_it_ordered(buyer, "Intranet")
    known = pair(buyer.page, "At the provider").split()[0]

    sandbox("POST", "direct", subscription_id=known, kind="change_quantity", quantity=15)
    compares(buyer, account)
    adopts(buyer, account, "Quantity: 12 → 15")

    assert "15 seats" in fact(buyer.go(subscription), "Quantity")
    expect(buyer.page.locator("[data-partial=seat-lots] tbody tr")).to_have_count(2)
    expect(buyer.go(f"{subscription}/history").locator("tbody")).to_contain_text("12 → 15")
    expect(buyer.go("/drift").locator("tbody tr", has_text=account)).to_have_count(0)
