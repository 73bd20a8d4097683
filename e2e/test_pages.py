"""Every page in both themes and two widths: fit for a screen reader, nothing beside the screen, no broken policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Person, Program

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "options => axe.run(options).then(found => found.violations)"  # all that passes would come along otherwise
# The reference draws each operation and each code by one template: looking at all took half the time of all journeys.
MANY = ", ".join(
    f".reference {one}"
    for one in (
        ".reference-group:nth-of-type(n + 7)",
        ".operation:nth-of-type(n + 4)",
        "tbody tr:nth-child(n + 9)",
        "li:nth-child(n + 9)",
    )
)
FEW_OF_MANY = f"""() => {{
  for (const one of document.querySelectorAll("{MANY}")) one.remove();
  return document.documentElement.scrollHeight;
}}"""
LOOKS = ((1280, "light"), (390, "dark"))  # what differs between them is the style sheet's alone: one page serves both
BUYER = [
    "/", "/offers", "/offers?q=backup", "/offers?q=no-such-thing", "/offers/{offer}", "/orders", "/orders?state=failed",
    "/orders/new?offer={offer}", "/orders/new?offer={offer}&quantity=0", "/orders/{order}", "/subscriptions",
    "/subscriptions/{subscription}", "/subscriptions/{subscription}/quantity",
    "/subscriptions/{subscription}/extend", "/subscriptions/{subscription}/cancel",
    "/subscriptions/{subscription}/suspend", "/subscriptions/{subscription}/plan",
    "/subscriptions/{subscription}/schedule", "/subscriptions/{subscription}/end-of-term",
    "/subscriptions/{subscription}/history", "/decisions", "/decisions?state=locked", "/offers/{offer}/price",
    "/cart", "/quotes", "/approvals", "/approvals?state=", "/drift", "/drift?state=adopted", "/drift/rules",
    "/bulk-plans", "/bulk-plans/new",
    "/operations", "/operations/{operation}", "/accounts", "/accounts/{account}",
    "/accounts/{account}/edit", "/accounts/new", "/costs", "/invoices", "/invoices/{invoice}", "/cases",
    "/cases/{case}", "/cases/new?subscription={subscription}", "/users", "/profile", "/organisations",
    "/security", "/security/password", "/confirm?next=/security",
    "/search?q=mail", "/search?q=zzzz", "/nowhere",
]  # fmt: skip
RESELLER = [
    "/", "/customers", "/customers/{customer}", "/customers/{customer}/edit", "/customers/new", "/switch",
    "/orders/new?offer={offer}", "/api-clients", "/api-clients/new", "/sign-on", "/users/invite", "/security/app",
]  # fmt: skip
STAFF = ["/", "/cases", "/cases/{case}", "/customers", "/operations", "/support-access/desk"]
OWNER = [
    "/support-access", "/audit", "/audit?q=zzzz", "/audit?action=users.", "/sandbox", "/approval-limits",
    "/accounts/{account}/budget",
]  # fmt: skip
ADMINISTRATOR = ["/invoices/mismatches", "/audit", "/price-books", "/price-agreements"]
NOBODY = [
    "/login", "/login/forgotten", "/login/password?code=x", "/login/invitation?code=x", "/login/sso",
    "/login/sso/callback", "/dev/mailbox", "/api/docs/", "/nowhere",
]  # fmt: skip


@pytest.fixture(scope="session")
def places(base_url: str, demo: dict[str, Any]) -> Callable[[str, str], str]:
    """Puts ids of things into an address: `places("Northwind Traders", "/orders/{order}")`."""

    def first(program: Program, kind: str, **query: str) -> str:
        found: str = program.get(f"/{kind}", **query).json()["items"][0]["id"]
        return found

    def put(customer: str, path: str) -> str:
        known = next(one for one in demo["api_clients"] if one["customer"] == customer)
        if customer not in programs:
            programs[customer] = Program(base_url, known)
        for name in re.findall(r"{(\w+)}", path):
            query = {"subscription": {"state": "active"}, "offer": {"q": "intranet"}}.get(name, {})
            path = path.replace(f"{{{name}}}", first(programs[customer], f"{name}s", **query))
        return path

    programs: dict[str, Program] = {}
    return put


def faults_of(page: Page) -> list[str]:
    """What is wrong with the page that is open, as far as a machine can tell."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    height = page.evaluate(FEW_OF_MANY)
    page.set_viewport_size({"width": page.viewport_size["width"], "height": max(600, height)})  # type: ignore[index]
    page.evaluate(Axe().axe_script)
    found = page.evaluate(RUN, {"runOnly": RULES, "resultTypes": ["violations"]})
    faults = [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}" for one in found]
    return faults + ([f"{wide} pixels wider than the screen"] if wide > 0 else [])


def look_at(someone: Person, paths: list[str]) -> None:
    """Open each page on a desk, then look at it on a phone in the other theme; report all that is wrong at once."""
    wrong = []
    for path in paths:
        for width, scheme in LOOKS:
            someone.page.set_viewport_size({"width": width, "height": 800})
            someone.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            if (width, scheme) == LOOKS[0]:
                someone.go(path)
                put_together(someone.page)
            wrong += [f"{path} ({width}, {scheme}): {fault}" for fault in faults_of(someone.page)]
    assert not wrong, "\n".join(wrong)


def put_together(page: Page) -> None:
    """Wait until all parts that other addresses serve have come."""
    if page.locator("[data-section]").count():
        expect(page.locator("[data-section][aria-busy], .htmx-request")).to_have_count(0)


@pytest.mark.parametrize(
    ("email", "customer", "paths"),
    [
        ("buyer@northwind.example", "Northwind Traders", BUYER),
        ("owner@contoso.example", "Contoso Partners", RESELLER),
        ("agent@operator.example", "Northwind Traders", STAFF),
        ("administrator@operator.example", "Northwind Traders", ADMINISTRATOR),
        ("owner@northwind.example", "Northwind Traders", OWNER),
    ],
    ids=["a buyer's", "a reseller's", "the operator's", "an administrator's", "an owner's"],
)
def test_pages_are_fit_for_everybody(
    person: Callable[..., Person], demo: dict[str, Any], places: Callable[[str, str], str], email: str,
    customer: str, paths: list[str],
) -> None:  # fmt: skip
    someone = person().sign_in(demo, email)

    look_at(someone, [places(customer, path) for path in paths])


def test_pages_for_nobody_in_particular_are_fit_for_everybody(person: Callable[..., Person]) -> None:
    look_at(person(), NOBODY)


def test_the_longest_language_fits_too(
    person: Callable[..., Person], demo: dict[str, Any], places: Callable[[str, str], str]
) -> None:
    someone = person(locale="de-DE")
    someone.go("/login")

    assert someone.page.get_attribute("html", "lang") == "de"
    look_at(someone, ["/login"])
