"""Coming in with more than a password: a passkey on a virtual authenticator, and the codes of the operator's people."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .conftest import Person

AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def with_authenticator(page: Page) -> None:
    """Give a browser a security key, whose owner is always there."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def sign_out(page: Page) -> None:
    page.locator("details.menu summary").first.click()
    page.click("form[action='/logout'] button")
    page.wait_for_url(re.compile("/login$"))


@pytest.mark.smoke
def test_a_passkey_is_made_signs_in_without_a_password_and_proves_anew(
    person: Callable[..., Person], demo: dict[str, Any]
) -> None:
    reader = person().sign_in(demo, "reader@lucerne.example")
    page = reader.page
    with_authenticator(page)

    reader.go("/security")
    page.fill("form[data-passkey] input[name=name]", "Laptop")
    page.click("form[data-passkey] button[type=submit]")
    expect(page.locator("ol.codes li")).to_have_count(10)
    sign_out(page)
    page.click("form[data-passkey] button[type=submit]")
    page.wait_for_url(re.compile(r"/$"))
    reader.go("/confirm?next=/security")
    page.click("form[data-passkey] button[type=submit]")
    page.wait_for_url(re.compile("/security$"))
    expect(page.locator("#main")).to_contain_text("Laptop")

    page.click("details.fold summary")
    page.click("form[action$='/remove'] button")
    expect(page.locator("#main")).to_contain_text("You have no passkey yet")


def test_as_a_second_factor_the_passkey_is_asked_for_after_the_password(
    person: Callable[..., Person], demo: dict[str, Any]
) -> None:
    known = next(one for one in demo["users"] if one["email"] == "billing@lucerne.example")
    billing = person().sign_in(demo, known["email"])
    page = billing.page
    with_authenticator(page)
    billing.go("/security")
    page.click("form[data-passkey] button[type=submit]")
    expect(page.locator("ol.codes li")).to_have_count(10)
    sign_out(page)

    page.fill("#email", known["email"])
    page.fill("#password", known["password"])
    page.click("form.door-fields button[type=submit]")
    page.wait_for_url(re.compile("/login/second-factor"))
    page.click("form[data-passkey] button[type=submit]")
    page.wait_for_url(re.compile(r"/$"))

    billing.go("/security")
    page.click("details.fold summary")
    page.click("form[action$='/remove'] button")
    expect(page.locator("#main")).to_contain_text("You have no passkey yet")


@pytest.mark.smoke
@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without a script"])
def test_somebody_of_the_operator_gives_a_code(
    person: Callable[..., Person], demo: dict[str, Any], script: bool
) -> None:
    agent = person(java_script_enabled=script).sign_in(demo, "agent@operator.example")

    agent.go("/security")

    expect(agent.page.locator("#main")).to_contain_text("since")
    expect(agent.page.locator("#main")).to_contain_text("This one")


def test_a_colleague_is_invited_by_mail_and_comes_in(person: Callable[..., Person], demo: dict[str, Any]) -> None:
    email = f"nina-{uuid4().hex[:8]}@lucerne.example"
    owner, newcomer = person().sign_in(demo, "owner@lucerne.example"), person()
    owner.go("/users/invite")
    owner.page.fill("#email", email)
    owner.page.fill("#name", "Nina Nord")
    owner.page.click("main button.btn-primary")
    expect(owner.page.locator("#main")).to_contain_text("Invited.")

    come_in_by_letter(newcomer, email)
    newcomer.go("/users")
    expect(newcomer.page.locator("#main")).to_contain_text("Nina Nord")

    owner.go("/users").get_by_role("link", name="Nina Nord").first.click()
    owner.page.click("a.btn-undo")
    owner.page.click("button.btn-danger")
    newcomer.page.wait_for_timeout(1000)
    newcomer.go("/")
    newcomer.page.wait_for_url(re.compile("/login"))


def come_in_by_letter(newcomer: Person, email: str) -> None:
    """Follow the link of an invitation, choose a password, and sign in with it."""
    page = newcomer.page
    for _ in range(60):
        letter = newcomer.go("/dev/mailbox").locator("tr", has_text=email).locator("a")
        if letter.count():
            break
        page.wait_for_timeout(500)
    letter.first.click()
    page.goto(re.findall(r"http\S+/login/invitation\?code=[\w-]+", page.locator("main").inner_text())[0])
    page.fill("#password", "seven grey geese over water")
    page.click("form.door-fields button[type=submit]")
    page.fill("#email", email)
    page.fill("#password", "seven grey geese over water")
    page.click("form.door-fields button[type=submit]")
    page.wait_for_url(re.compile(r"/$"))
