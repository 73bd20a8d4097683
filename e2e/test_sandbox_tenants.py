"""A sandbox of one's own: gone into, its clock moved to day 8, its provider told to refuse; the live one stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from .conftest import Person
from .sandbox_tenants import goes_into_the_sandbox, lets_pass
from .test_journeys import asks_for, opens_account, press, sees_what_it_ordered

Someone = Callable[..., Person]


def test_a_sandbox_goes_ahead_to_day_8_and_has_faults_and_the_live_tenant_has_neither(
    person: Someone, demo: dict[str, Any]
) -> None:
    owner, account = person().sign_in(demo, "owner@fourthcoffee.example"), f"Trial {str(uuid4())[:8]}"
    page = owner.page
    goes_into_the_sandbox(owner)
    opens_account(owner, account)
    assert sends_order(owner, account) == "The subscription is active."
    subscription = sees_what_it_ordered(owner, "Intranet")

    before = days_ahead(owner.go("/sandbox"))
    lets_pass(owner, "Eight days on")
    assert days_ahead(owner.go("/sandbox")) == before + 8
    expect(page.locator(".strip")).to_contain_text("Its clock stands at")
    expect(owner.go(subscription).locator("[data-partial=seat-lots]")).to_contain_text("Closed")

    sets_fault(owner)
    assert sends_order(owner, account) == "The provider refused it. Nothing was charged."
    expect(page.locator("#operation")).to_contain_text("credit_blocked")
    press(owner.go("/sandbox"), "Clear all faults")
    owner.until_ended()
    expect(owner.go("/sandbox").locator("#main")).to_contain_text("The provider works as it should.")

    place = owner.go("/organisations").locator(".act").filter(has_not_text="(sandbox)")
    place.get_by_role("button", name="Work here").click()
    expect(page.locator(".switcher").first).not_to_contain_text("(sandbox)")
    assert page.locator(".strip", has_text="Sandbox").count() == 0
    assert owner.page.goto(owner.base_url + subscription).status == 404  # type: ignore[union-attr]


def sends_order(owner: Person, account: str) -> str:
    asks_for(owner, "Intranet", account, 5)
    press(owner.page, "Send the order")
    return owner.until_ended()


def sets_fault(owner: Person) -> None:
    """Have the provider refuse the next order."""
    page = owner.go("/sandbox")
    page.get_by_label("What goes wrong", exact=True).select_option(label="Refuses")
    page.get_by_label("Where", exact=True).select_option(label="Placing an order")
    page.get_by_label("Code of the refusal").fill("credit_blocked")
    page.get_by_label("How often").fill("1")
    press(page, "Set this fault")
    owner.until_ended()
    expect(owner.go("/sandbox").locator("#faults").locator("xpath=../..")).to_contain_text("credit_blocked")


def days_ahead(page: Page) -> int:
    found = re.search(r"Ahead of real time\s+(\d+) day", page.locator("#main").inner_text())
    assert found
    return int(found[1])
