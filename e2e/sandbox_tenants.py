"""Somebody's sandbox in a browser: made where there is none, gone into, its clock moved on."""

from __future__ import annotations

from datetime import date, timedelta

from babel.dates import format_skeleton
from playwright.sync_api import Page, expect

from .conftest import Person
from .test_journeys import press


def goes_into_the_sandbox(owner: Person) -> None:
    """Go on in the sandbox of the owner's organisation; the first who wants to makes it."""
    page = owner.go("/sandbox")
    if page.get_by_role("button", name="Make a sandbox").count():
        press(page, "Make a sandbox")
        owner.until_ended()
    place = owner.go("/organisations").locator(".act", has_text="(sandbox)")
    if place.get_by_role("button").count():
        place.get_by_role("button").click()
    expect(page.locator(".strip")).to_contain_text("Nothing you order here is real")


def lets_pass(owner: Person, button: str) -> None:
    """Let the sandbox's clock go on by what stands on one of its buttons; what time brings has come then."""
    press(owner.go("/sandbox"), button)
    assert owner.until_ended() == "This is done."


def last_day(page: Page) -> date:
    """The last day of the subscription that is open."""
    fact = page.locator(".facts > div", has_text="Valid to").locator("time")
    return date.fromisoformat(fact.get_attribute("datetime") or "")


def day_after(day: date, page: Page) -> str:
    """The day after another one, as the page writes days."""
    locale = (page.locator("#clock").get_attribute("lang") or "en").replace("-", "_")
    return format_skeleton("yMMMd", day + timedelta(days=1), locale=locale)
