"""One's own ways in and places, as a browser without a script meets them."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from pyotp import TOTP

from domains.kernel.config import Settings
from domains.users import tokens
from tests.conftest import Clock
from tests.factories.authenticator import Authenticator
from tests.factories.users import PASSWORD, an_organisation, has_password, signed_in

from .browser import Browser
from .conftest import made
from .visitor import form_on, summary_of, text_of


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def olga(app: Flask, clock: Clock) -> UUID:
    _, user_id = an_organisation()
    has_password(user_id)
    return user_id


def follow(browser: Browser, answer: object) -> None:
    """Keep the login's new token, as the browser's cookie does."""
    browser.token = answer.headers["Set-Cookie"].partition("cloudsales_login=")[2].partition(";")[0]  # type: ignore[attr-defined]


def test_an_app_is_added_shows_recovery_codes_and_is_removed(app: Flask, olga: UUID, clock: Clock) -> None:
    browser = Browser(app, olga)
    page = browser.get("/security/app")
    seed = "".join(re.findall(r'id="seed">([^<]+)<', page.text)).replace(" ", "")

    wrong = browser.send(page, "/security/app", code="000000")
    codes = browser.send(page, "/security/app", code=TOTP(seed).at(clock.now))
    follow(browser, codes)
    with_app = browser.get("/security")
    gone = browser.send(with_app, "/security/app/remove")

    assert "not the code" in summary_of(wrong)
    assert len(re.findall(r"[a-z2-9]{6}(?:-[a-z2-9]{6}){3}", text_of(codes))) == 10
    assert "10 of 10 left" in text_of(with_app)
    assert gone.status_code == 303
    assert "six digits that change" in text_of(browser.get("/security"))


def test_a_passkey_is_added_named_and_removed(app: Flask, olga: UUID) -> None:
    browser, key = Browser(app, olga), Authenticator()
    page = browser.get("/security")
    token = (form_on(page, "/security/passkeys") or {})["csrf_token"]
    options = browser.open("POST", "/security/passkeys/options", headers={"X-CSRFToken": token}).text

    done = browser.send(page, "/security/passkeys", credential=key.make(options), name="Phone")
    follow(browser, done)
    page = browser.get("/security")
    where = re.findall(r'action="(/security/passkeys/[^"]+/rename)"', page.text)[0]
    browser.send(page, where, name="Old phone")
    named = text_of(browser.get("/security"))
    browser.send(browser.get("/security"), where.replace("rename", "remove"))

    assert "Old phone added" in named
    assert "You have no passkey yet" in text_of(browser.get("/security"))


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize(
    "path",
    ["/security/app", "/security/app/remove", "/security/passkeys", "/security/passkeys/options",
     "/security/recovery-codes"],
)  # fmt: skip
def test_what_changes_a_way_in_asks_for_a_fresh_proof(app: Flask, olga: UUID, clock: Clock, path: str) -> None:
    browser = Browser(app, olga)
    typed = form_on(browser.get("/security"), "/security/passkeys")
    clock.advance(minutes=11)

    answer = browser.open("POST", path, data=typed)

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/confirm")


@pytest.mark.asvs("6.2.3", "7.4.3")
def test_a_password_is_changed_and_other_logins_end(app: Flask, olga: UUID) -> None:
    browser, (_, elsewhere) = Browser(app, olga), signed_in(olga)
    page = browser.get("/security/password")

    wrong = browser.send(page, "/security/password", password="nope", new="eight blue swans on the lake")
    easy = browser.send(page, "/security/password", password=PASSWORD, new="password1")
    done = browser.send(page, "/security/password", password=PASSWORD, new="eight blue swans on the lake")
    follow(browser, done)

    assert ('href="#password"' in wrong.text, 'href="#new"' in easy.text) == (True, True)
    assert done.location == "/security"
    assert tokens.caller_of_login(elsewhere) is None
    assert "signed out everywhere else" in text_of(browser.get("/security"))


@pytest.mark.asvs("7.5.2", "7.4.3")
def test_one_sees_where_one_is_signed_in_and_ends_it(app: Flask, olga: UUID) -> None:
    browser, (_, second), (_, third) = Browser(app, olga), signed_in(olga), signed_in(olga)
    page = browser.get("/security")

    browser.send(page, "/security/logins/end")  # the newest but this one
    left = [tokens.caller_of_login(token) is not None for token in (second, third)]
    rest = browser.get("/security")
    forms = re.findall(r'action="/security/logins/end"', rest.text)
    browser.open("POST", "/security/logins/end", data={"csrf_token": _token(rest)})

    assert "Sign out everywhere else" in text_of(page)
    assert left == [True, False]
    assert len(forms) == 2
    assert tokens.caller_of_login(second) is None
    assert tokens.caller_of_login(browser.token) is not None


def _token(page: object) -> str:
    return (form_on(page, "/security/logins/end") or {})["csrf_token"]  # type: ignore[arg-type]


def test_nobody_ends_somebody_elses_login(app: Flask, olga: UUID) -> None:
    _, other = an_organisation()
    has_password(other)
    caller, token = signed_in(other)
    browser = Browser(app, olga)
    signed_in(olga)
    page = browser.get("/security")

    answer = browser.open("POST", "/security/logins/end", data={"csrf_token": _token(page), "login": caller.login_id})

    assert answer.status_code == 404
    assert tokens.caller_of_login(token) is not None
