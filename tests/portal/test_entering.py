"""Coming in by two steps, and the ways to a password, as a browser without a script meets them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from pyotp import TOTP
from werkzeug.test import TestResponse

from domains.kernel.config import Settings
from domains.users import commands, db, tokens
from domains.users.commands.passkeys import add_passkey
from tests.conftest import Clock
from tests.factories.authenticator import Authenticator
from tests.factories.users import PASSWORD, an_organisation, has_app, has_password, letters

from .conftest import made
from .visitor import Visitor, form_on, summary_of, text_of

EMAIL, NEW = "olga@northwind.example", "eight blue swans on the lake"


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def olga(app: Flask, clock: Clock) -> UUID:
    _, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return user_id


def comes(browser: Visitor, password: str = PASSWORD, next: str = "/") -> TestResponse:
    """Send the form of the door."""
    where = "/login" if next == "/" else f"/login?next={next}"
    return browser.send(browser.get(where), where, email=EMAIL, password=password)


def token_in(browser: Visitor) -> str:
    cookie = browser.client.get_cookie("cloudsales_login")
    assert cookie is not None
    return cookie.value


@pytest.mark.asvs("6.3.3", "7.2.4")
def test_who_has_an_app_gives_its_code_and_goes_on_to_where_they_wanted(app: Flask, olga: UUID, clock: Clock) -> None:
    seed, browser = has_app(olga), Visitor(app, None)
    clock.advance(seconds=30)

    asked = comes(browser, next="/orders")
    half = token_in(browser)
    page = browser.get(asked.location)
    back = browser.get("/login", next="/orders")
    wrong = browser.send(page, "/login/second-factor?next=/orders", code="000000")
    done = browser.send(page, "/login/second-factor?next=/orders", code=TOTP(seed).at(clock.now))

    assert asked.location == back.location == "/login/second-factor?next=/orders"
    assert (wrong.status_code, summary_of(wrong)) == (422, "There is a problem That was not right. Try again.")
    assert (done.status_code, done.location) == (303, "/orders")
    assert tokens.caller_of_login(half) is None
    assert tokens.caller_of_login(token_in(browser)) is not None


def test_half_in_reaches_nothing_but_the_rest_of_the_way(app: Flask, olga: UUID) -> None:
    has_app(olga)
    browser = Visitor(app, None)
    comes(browser)

    seen = {path: browser.get(path).location for path in ("/", "/security", "/users", "/confirm", "/login/enrol")}

    assert seen == {
        "/": "/login", "/security": "/login?next=/security", "/users": "/login?next=/users",
        "/confirm": "/login?next=/confirm", "/login/enrol": "/login",
    }  # fmt: skip


def test_five_wrong_codes_begin_anew(app: Flask, olga: UUID) -> None:
    has_app(olga)
    browser = Visitor(app, None)
    page = browser.get(comes(browser).location)

    answers = [browser.send(page, "/login/second-factor", code="000000") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [422] * 4 + [303]
    assert browser.get("/login/second-factor").location == "/login"


def test_who_must_have_one_sets_it_up_at_the_door_and_sees_ten_codes_once(app: Flask, clock: Clock) -> None:
    _, user_id = an_organisation(kind="operator", owner_email=EMAIL)
    has_password(user_id)
    browser = Visitor(app, None)
    page = browser.get(comes(browser).location)
    seed = "".join(re.findall(r'id="seed">([^<]+)<', page.text)).replace(" ", "")

    shown = browser.send(page, "/login/enrol", code=TOTP(seed).at(clock.now))

    assert len(set(re.findall(r"[a-z2-9]{6}(?:-[a-z2-9]{6}){3}", text_of(shown)))) == 10
    assert tokens.caller_of_login(token_in(browser)) is not None
    assert browser.get("/login/enrol").location == "/login"


@pytest.mark.asvs("6.3.3")
def test_a_passkey_signs_in_and_a_refused_one_says_so(app: Flask, olga: UUID) -> None:
    key, browser = Authenticator(), Visitor(app, None)
    with db.begin() as session:
        made_key = key.make(commands.offer_passkey(session, user_id=olga))
        add_passkey(session, user_id=olga, credential=made_key, name="Phone")
    page = browser.get("/login")

    def signed() -> str:
        token: dict[str, Any] = form_on(page, "/login/passkey") or {}
        options = browser.open("POST", "/login/passkey/options", headers={"X-CSRFToken": token["csrf_token"]})
        return key.sign(options.text)

    credential = signed()
    done = browser.send(page, "/login/passkey", credential=credential)
    again = Visitor(app, None)
    refused = again.send(again.get("/login"), "/login/passkey", credential=credential)

    assert (done.status_code, done.location) == (303, "/")
    assert tokens.caller_of_login(token_in(browser)) is not None
    assert (refused.status_code, "lets nobody in" in summary_of(refused)) == (422, True)


@pytest.mark.asvs("3.5.1")
def test_options_are_given_to_our_own_pages_only(app: Flask, olga: UUID) -> None:
    stranger = Visitor(app, None)

    assert stranger.open("POST", "/login/passkey/options").status_code in (303, 400)


@pytest.mark.asvs("6.4.3", "6.2.4", "6.3.8")
def test_a_forgotten_password_is_chosen_anew_by_a_mailed_link(app: Flask, olga: UUID) -> None:
    browser = Visitor(app, None)
    sent = browser.send(browser.get("/login/forgotten"), "/login/forgotten", email=EMAIL)
    unknown = browser.send(browser.get("/login/forgotten"), "/login/forgotten", email="nobody@northwind.example")
    link = letters()[0].facts["link"].removeprefix("http://localhost:8000")

    page = browser.get(link)
    easy = browser.send(page, "/login/password", password="password1")
    done = browser.send(page, "/login/password", password=NEW)

    assert sent.text == unknown.text
    assert "easy to guess" in summary_of(easy)
    assert (done.location, comes(browser, NEW).location) == ("/login", "/")
    assert (browser.get(link).status_code, "no longer good" in text_of(browser.get(link))) == (404, True)


def test_whoever_is_invited_is_welcomed_once_and_who_is_known_is_led_to_sign_in(app: Flask, olga: UUID) -> None:
    browser = Visitor(app, None)

    page = browser.get("/login/invitation", code="nonsense")

    assert (page.status_code, "You are invited" in text_of(page)) == (200, True)
