"""What time does to a subscription, in a sandbox whose clock is moved: windows close, seats count down, terms end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Person
from .sandbox_tenants import day_after, goes_into_the_sandbox, last_day, lets_pass
from .test_drift import adopts, compares, pair
from .test_journeys import asks_for, fact, opens_account, press, sees_what_it_ordered

Someone = Callable[..., Person]


@pytest.fixture
def owner(person: Someone, demo: dict[str, Any]) -> Person:
    """An owner who works in their organisation's sandbox."""
    someone = person().sign_in(demo, "owner@lucerne.example")
    goes_into_the_sandbox(someone)
    return someone


def buys(owner: Person, seats: int, term: str | None = None) -> str:
    """Order seats of the intranet on a new account; gives the address of the subscription, which is open then."""
    account, page = f"Team {str(uuid4())[:8]}", owner.page
    opens_account(owner, account)
    asks_for(owner, "Intranet", account, seats, term)
    press(page, "Send the order")
    assert owner.until_ended() == "The subscription is active."
    return sees_what_it_ordered(owner, "Intranet")


def act(page: Page, name: str) -> Locator:
    """One of the things that can be done with a subscription, or cannot."""
    return page.locator("[data-partial=allowed-actions] .act", has_text=name)


def test_on_day_8_seats_cannot_go_back_and_the_page_says_why_and_from_when_they_can(owner: Person) -> None:
    subscription = buys(owner, 25)
    expect(act(owner.page, "Return what was bought last").get_by_role("link")).to_have_count(1)

    lets_pass(owner, "Eight days on")
    page = owner.go(subscription)
    renewal = day_after(last_day(page), page)
    for name in ("Return what was bought last", "Cancel now"):
        expect(act(page, name)).to_contain_text(re.compile(rf"Not possible: .+ Opens again on {renewal}\."))
        expect(act(page, name).get_by_role("link")).to_have_count(0)
    expect(page.locator("[data-partial=seat-lots]")).to_contain_text("Closed")

    page.get_by_label("Seats", exact=True).fill("20")
    refused = f"0 of 25 can go back now, so 25 is the least. More can go on {renewal}, at renewal."
    expect(page.locator("#quantity-preview")).to_have_text(refused)
    press(page, "Check and confirm")
    expect(page.locator(".errors")).to_contain_text(refused)
    assert "25 seats" in fact(owner.go(subscription), "Quantity")
    leads_somewhere(owner, page)


def leads_somewhere(owner: Person, page: Page) -> None:
    """No dead button: whatever the page offers can be filled in and sent."""
    links = page.locator("[data-partial=allowed-actions] .act a")
    for href in [one.get_attribute("href") or "" for one in links.all()]:
        expect(owner.go(href).locator("main form[method=post] button[type=submit]").first).to_be_enabled()


def test_seats_that_can_go_back_count_down_as_the_clock_goes_on(owner: Person) -> None:
    subscription = buys(owner, 25)
    first = hours_left(owner.page)

    lets_pass(owner, "One day on")
    later = hours_left(owner.go(subscription))
    assert (len(first), len(later)) == (1, 1)
    assert first[0] - later[0] in (24, 25)  # the hour may have turned meanwhile

    page = owner.go(f"{subscription}/quantity")
    page.get_by_label("Seats", exact=True).fill("30")
    press(page, "Check and confirm")
    press(page, "Change the quantity")
    assert owner.until_ended() == "The quantity is 30 now; it was 25."
    newest, oldest = hours_left(owner.go(subscription))
    assert newest - oldest in (23, 24, 25)

    lots = page.locator("[data-partial=seat-lots] tbody tr")
    lots.first.get_by_role("link", name=re.compile("^Return")).click()
    expect(page.get_by_label("Seats", exact=True)).to_have_value("25")
    expect(page.locator("#quantity-preview")).to_contain_text("5 seats less, from today")


def hours_left(page: Page) -> list[int]:
    """How long each lot of seats can still go back, the newest first, as the countdowns say it."""
    said = page.locator("[data-partial=seat-lots] .sla").all_inner_texts()
    return [int(days) * 24 + int(hours) for days, hours in re.findall(r"(\d+) d (\d+) h left", " ".join(said))]


def test_a_renewal_that_somebody_called_off_at_the_provider_is_saved_by_a_decision(
    owner: Person, sandbox: Callable[..., Any]
) -> None:
    subscription = buys(owner, 10, "1 month")
    page, account = owner.page, pair(owner.page, "Account")
    last = last_day(page)
    known = pair(page, "At the provider").split()[0]
    sandbox("POST", "direct", subscription_id=known, kind="end_of_term", mode="cancel")
    compares(owner, account)
    adopts(owner, account, "Renews by itself: Yes → No")

    page = owner.go(f"{subscription}/end-of-term")
    assert "It ends" in fact(page, "If nobody decides")
    page.get_by_label("Renew").check()
    page.get_by_label("Note", exact=True).fill("We need it on.")
    press(page, "Decide")
    assert owner.until_ended() == "It is decided: Renew."
    lets_pass(owner, "A month on")

    expect(owner.go(subscription).locator(".pagehead")).to_contain_text("Active")
    assert last_day(page) > last + timedelta(days=27)
    assert "Renews" in fact(page, "At the end")
    told = owner.go(f"{subscription}/history").locator("tbody")
    expect(told).to_contain_text(re.compile("Decided for .+: Renew"))
