"""Colleagues at the portal, without a script: invited, changed, shut out; and what only their owner sees."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from domains.users import tokens
from tests.conftest import Clock
from tests.factories.users import (
    an_organisation,
    has_password,
    invite,
    letters,
    members_of,
    membership_of,
    signed_in,
)

from .browser import Browser
from .conftest import made
from .visitor import form_on, summary_of, text_of

EMAIL, BEA = "olga@northwind.example", "bea@northwind.example"


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def northwind(app: Flask, clock: Clock) -> UUID:
    customer_id, user_id = an_organisation(owner_email=EMAIL, owner_user_id=UUID(int=7))
    has_password(user_id)
    return customer_id


@pytest.fixture
def olga(app: Flask, northwind: UUID) -> Browser:
    return Browser(app, UUID(int=7))


@pytest.fixture
def bea(northwind: UUID) -> UUID:
    """A colleague who buys."""
    invite(northwind, BEA, user_id=UUID(int=8), name="Bea Berg")
    has_password(UUID(int=8))
    return UUID(int=8)


def test_a_colleague_is_invited_written_to_again_and_withdrawn(olga: Browser, northwind: UUID) -> None:
    form = olga.get("/users/invite")
    wrong = olga.send(form, "/users/invite", email="bea", name="Bea", role="buyer")
    sent = olga.send(form, "/users/invite", email=BEA, name="Bea", role="buyer")
    page = olga.get("/users")
    again, withdraw = (re.findall(rf'action="(/users/invitations/[^"]+/{verb})"', page.text)[0] for verb in
                       ("resend", "withdraw"))  # fmt: skip
    olga.send(page, again)
    olga.send(page, withdraw)

    assert "Give an e-mail address" in summary_of(wrong)
    assert (sent.status_code, sent.location) == (303, "/users")
    assert "Bea bea@northwind.example Buyer Invited until 17 Mar 2026" in text_of(page)
    assert [letter.template for letter in letters()] == ["invitation", "invitation"]
    assert [one.email for one in members_of(northwind)] == [EMAIL]


def test_another_role_is_given_and_the_stale_form_refused(olga: Browser, northwind: UUID, bea: UUID) -> None:
    page = olga.get(f"/users/{bea}")

    done = olga.send(page, f"/users/{bea}/role", role="reader")
    stale = olga.send(page, f"/users/{bea}/role", role="owner")

    assert done.status_code == 303
    assert (stale.status_code, "changed since you looked" in summary_of(stale)) == (409, True)
    assert [one.role for one in members_of(northwind) if one.id == bea] == ["reader"]


def test_a_colleague_is_shut_out_after_a_page_that_says_what_happens(olga: Browser, northwind: UUID, bea: UUID) -> None:
    _, token = signed_in(bea)
    page = olga.get(f"/users/{bea}/shut-out", customer=northwind)

    olga.send(page, f"/users/{bea}/shut-out")

    assert "signed out everywhere within a second" in text_of(page)
    assert tokens.caller_of_login(token) is None
    assert "Bea Berg bea@northwind.example Buyer Disabled" in text_of(olga.get("/users"))


@pytest.mark.asvs("7.4.5")
def test_a_colleague_is_signed_out_everywhere(olga: Browser, bea: UUID) -> None:
    _, first = signed_in(bea)
    _, second = signed_in(bea)
    page = olga.get(f"/users/{bea}")
    form = form_on(page, f"/users/{bea}/logins/end") or {}
    form.pop("login")

    olga.open("POST", f"/users/{bea}/logins/end", data=form)

    assert [tokens.caller_of_login(token) for token in (first, second)] == [None, None]


def test_a_second_factor_is_required_of_all(olga: Browser, bea: UUID) -> None:
    _, token = signed_in(bea)

    olga.send(olga.get("/users"), "/users/second-factor")

    assert tokens.caller_of_login(token) is None
    assert tokens.half_of_login(token) is not None


@pytest.mark.asvs("7.5.1")
def test_roles_and_invitations_ask_for_a_fresh_proof(olga: Browser, bea: UUID, clock: Clock) -> None:
    typed = form_on(olga.get(f"/users/{bea}"), f"/users/{bea}/role")
    clock.advance(minutes=11)

    for path in (
        f"/users/{bea}/role", f"/users/{bea}/shut-out", "/users/invite", "/users/second-factor",
        f"/users/invitations/{bea}/resend",
    ):  # fmt: skip
        assert olga.open("POST", path, data=typed).location.startswith("/confirm?next=")


def test_who_may_not_sees_the_people_and_changes_nothing(app: Flask, northwind: UUID, bea: UUID) -> None:
    browser = Browser(app, bea)
    page = browser.get("/users")
    typed = form_on(browser.get("/profile"), "/profile")

    for path in (
        "/users/invite",
        f"/users/{UUID(int=7)}/role",
        f"/users/{UUID(int=7)}/logins/end",
        "/users/second-factor",
    ):
        assert browser.open("POST", path, data=typed).status_code == 403
    assert "Invite a colleague" not in text_of(page)
    assert "Olga Owner" in text_of(page)
    assert "Where they are signed in" not in text_of(browser.get(f"/users/{UUID(int=7)}"))


@pytest.mark.asvs("8.4.1")
def test_the_people_of_others_are_not_there(app: Flask, olga: Browser, northwind: UUID) -> None:
    contoso, stranger = an_organisation(name="Contoso Partners")
    has_password(stranger)
    invite(contoso, "carl@contoso.example", user_id=UUID(int=9))
    invitation = membership_of(UUID(int=9), contoso)
    typed = (form_on(olga.get("/users"), "/users/second-factor") or {}) | {"role": "reader", "version": "1"}

    for path in (f"/users/{stranger}", f"/users/{stranger}/shut-out"):
        assert olga.get(path).status_code == 404
    for path in (
        f"/users/{stranger}/role", f"/users/{stranger}/shut-out", f"/users/{stranger}/logins/end",
        f"/users/invitations/{invitation}/resend", f"/users/invitations/{invitation}/withdraw",
    ):  # fmt: skip
        assert olga.open("POST", path, data=typed).status_code == 404
    assert [one.status for one in members_of(contoso)] == ["invited", "active"]
