"""Every page in both themes and two widths: fit for a screen reader, nothing beside the screen, no broken policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .conftest import Person, Program

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BUYER = [
    "/", "/offers", "/offers?q=backup", "/offers?q=no-such-thing", "/offers/{offer}", "/orders", "/orders?state=failed",
    "/orders/new?offer={offer}", "/orders/new?offer={offer}&quantity=0", "/orders/{order}", "/subscriptions",
    "/subscriptions/{subscription}", "/subscriptions/{subscription}/quantity",
    "/subscriptions/{subscription}/extend", "/subscriptions/{subscription}/cancel",
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
OWNER = ["/support-access", "/audit", "/audit?q=zzzz", "/audit?action=users."]
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
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": max(600, height)})  # type: ignore[index]
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    faults = [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}" for one in found]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return faults + ([f"{wide} pixels wider than the screen"] if wide > 0 else [])


def look_at(someone: Person, paths: list[str]) -> None:
    """Open each page on a desk and on a phone, in both themes; report all that is wrong at once."""
    wrong = []
    for path in paths:
        for width, scheme in ((1280, "light"), (390, "dark")):
            someone.page.set_viewport_size({"width": width, "height": 800})
            someone.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            someone.go(path).wait_for_load_state("networkidle")
            wrong += [f"{path} ({width}, {scheme}): {fault}" for fault in faults_of(someone.page)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("email", "customer", "paths"),
    [
        ("buyer@northwind.example", "Northwind Traders", BUYER),
        ("owner@contoso.example", "Contoso Partners", RESELLER),
        ("agent@operator.example", "Northwind Traders", STAFF),
        ("administrator@operator.example", "Northwind Traders", ["/invoices/mismatches", "/audit"]),
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
