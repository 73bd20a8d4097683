"""What is sensitive asks for a proof that it is still the same person, and gives the login another token for it."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from domains.users import tokens
from portal.access import proved, signed_in
from tests.conftest import Clock
from tests.factories.users import PASSWORD, an_organisation, has_password

from .browser import Browser
from .conftest import made
from .visitor import HTMX, Visitor, form_on, summary_of


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    """The portal with something sensitive in it."""
    app = made(databases, compiled)
    app.add_url_rule("/secret", "secret", signed_in(proved(lambda: "done")), methods=["GET", "POST"])
    return app


@pytest.fixture
def olga(app: Flask, clock: Clock) -> UUID:
    _, user_id = an_organisation()
    has_password(user_id)
    return user_id


@pytest.mark.asvs("7.5.1", "7.2.4")
def test_who_has_just_signed_in_is_not_asked_and_ten_minutes_later_is(app: Flask, olga: UUID, clock: Clock) -> None:
    browser = Browser(app, olga)
    first = browser.get("/secret").text
    clock.advance(minutes=11)
    asked = browser.get("/secret", of="me")
    old = browser.token

    answer = browser.send(browser.get(asked.location), "/confirm?next=/secret?of%3Dme", password=PASSWORD)
    browser.token = answer.headers["Set-Cookie"].partition("cloudsales_login=")[2].partition(";")[0]

    assert (first, asked.status_code, asked.location) == ("done", 303, "/confirm?next=/secret%3Fof%3Dme")
    assert (answer.status_code, answer.location) == (303, "/secret?of=me")
    assert browser.get("/secret").text == "done"
    assert tokens.caller_of_login(old) is None


@pytest.mark.asvs("7.5.1")
def test_a_form_that_is_sent_too_late_leads_back_to_its_page(app: Flask, olga: UUID, clock: Clock) -> None:
    browser = Browser(app, olga)
    typed = form_on(browser.get("/profile"), "/profile")
    clock.advance(minutes=11)

    plain = browser.open("POST", "/secret", data=typed, headers={"Referer": "http://localhost/profile"})
    part = browser.open("POST", "/secret", data=typed, headers={**HTMX, "HX-Current-URL": "http://x/profile?a=b"})

    assert plain.location == "/confirm?next=/profile"
    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/confirm?next=/profile%3Fa%3Db")


@pytest.mark.parametrize("name", ["Referer", "HX-Current-URL"])
def test_a_page_one_came_from_that_is_no_address_leads_home(app: Flask, olga: UUID, clock: Clock, name: str) -> None:
    browser = Browser(app, olga)
    typed = form_on(browser.get("/profile"), "/profile")
    clock.advance(minutes=11)

    sent = browser.open("POST", "/secret", data=typed, headers={name: "http://["})
    stranger = Visitor(app, None).open("GET", "/users", headers={**HTMX, name: "http://["})

    assert (sent.status_code, sent.location) == (303, "/confirm?next=/")
    assert (stranger.status_code, stranger.headers["HX-Redirect"]) == (204, "/login")


@pytest.mark.asvs("6.3.1")
def test_guessing_at_the_proof_is_refused_and_becomes_slow(app: Flask, olga: UUID, clock: Clock) -> None:
    browser = Browser(app, olga)
    page = browser.get("/confirm")

    answers = [browser.send(page, "/confirm?next=/", password="wrong") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert "That was not right" in summary_of(answers[0])
    assert int(answers[-1].headers["Retry-After"]) > 0
