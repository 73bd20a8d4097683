"""Privacy as a person meets it: fetch what is known of oneself, be forgotten; an owner for others."""

from __future__ import annotations

import json
import re
import time
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound
from domains.kernel.tenancy import Scope
from domains.notifications import db as notifications_db
from domains.notifications.queries import get_export, list_exports
from domains.users import db, tokens
from domains.users.models import Login, User
from saga.transports import inline
from tests.factories.sign_on import has_sign_on, link, who
from tests.factories.users import PASSWORD, an_organisation, has_password, invite

from .browser import Browser
from .conftest import made
from .visitor import Visitor, summary_of, text_of

BEA = "bea@northwind.example"


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def customer_id(app: Flask) -> UUID:
    customer_id, owner_id = an_organisation()
    has_password(owner_id)
    return customer_id


@pytest.fixture
def bea(app: Flask, customer_id: UUID) -> Browser:
    user_id = new_id()
    invite(customer_id, BEA, "buyer", "Bea Buyer", user_id)
    has_password(user_id)
    return Browser(app, user_id)


@pytest.fixture
def owner(app: Flask, customer_id: UUID) -> Browser:
    with db.begin_read() as session:
        user_id = session.query(User).filter(User.name == "Olga Owner").one().id
    return Browser(app, user_id)


def test_a_person_fetches_what_is_known_of_them(
    bea: Browser, owner: Browser, transport: inline.Transport, app: Flask
) -> None:
    bea.send(bea.get("/privacy"), "/privacy/export")
    transport.run_until_quiet()

    listed = bea.get("/personal-exports")
    (address,) = set(re.findall(r"/personal-exports/[0-9a-f-]{36}", listed.get_data(as_text=True)))
    file = bea.get(address)
    _, stranger_id = an_organisation(name="Contoso")
    has_password(stranger_id)

    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["Cache-Control"] == "private, no-store"
    assert json.loads(file.get_data(as_text=True))["users"]["user_"][0]["email"] == BEA
    assert Browser(app, stranger_id).get(address).status_code == 404


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_what_a_person_asked_for_themselves_is_for_no_owner_and_no_program(
    bea: Browser, owner: Browser, transport: inline.Transport, app: Flask, customer_id: UUID
) -> None:
    elsewhere, _ = an_organisation(name="Contoso")
    invite(elsewhere, BEA, "reader")
    bea.send(bea.get("/privacy"), "/privacy/export")  # it tells of Contoso, too
    transport.run_until_quiet()
    (address,) = exports_on(bea)

    assert bea.get(address).status_code == 200
    assert (exports_on(owner), owner.get(address).status_code) == (set(), 404)
    with notifications_db.begin_read() as session:
        scope = Scope.customer(customer_id)
        assert list_exports(session, scope) == []
        with pytest.raises(NotFound):
            get_export(session, scope, UUID(address[-36:]))


@pytest.mark.asvs("6.8.1", "8.4.1")
def test_an_owner_who_came_by_a_provider_gets_nothing_that_they_asked_for_themselves(
    owner: Browser, transport: inline.Transport, app: Flask, customer_id: UUID
) -> None:
    owner.send(owner.get("/privacy"), "/privacy/export")
    transport.run_until_quiet()
    (address,) = exports_on(owner)
    has_sign_on(customer_id)
    email = owner.caller.preferences["email"]
    made = link(customer_id, who(email), password=PASSWORD)
    by_provider = Visitor(app, tokens.caller_of_login(made.token))

    assert (exports_on(by_provider), by_provider.get(address).status_code) == (set(), 404)


def exports_on(browser: Visitor) -> set[str]:
    """The addresses of the files that somebody finds."""
    return set(re.findall(r"/personal-exports/[0-9a-f-]{36}", browser.get("/personal-exports").get_data(as_text=True)))


def is_out(browser: Browser) -> bool:
    """Whether somebody is led to the sign-in, within the second that processes may remember a login for."""
    until = time.monotonic() + 2
    while (found := browser.get("/privacy").status_code) != 303 and time.monotonic() < until:
        time.sleep(0.05)
    return found == 303


def test_to_be_forgotten_one_types_ones_address_and_is_signed_out(bea: Browser, transport: inline.Transport) -> None:
    page = bea.get("/privacy")
    wrong = bea.send(page, "/privacy/erase", email="somebody@else.example")
    bea.send(bea.get("/privacy"), "/privacy/erase", email=BEA.upper())
    transport.run_until_quiet()

    assert "Type the person's e-mail address" in summary_of(wrong)
    assert is_out(bea)
    with db.begin_read() as session:
        assert session.query(User).filter(User.email_key == BEA).count() == 0


def test_an_owner_has_somebody_forgotten_and_sees_the_proof(
    owner: Browser, bea: Browser, transport: inline.Transport
) -> None:
    assert bea.caller
    owner.send(owner.get("/privacy"), "/privacy/people/erase", user=bea.caller.actor.id, their_email=BEA)
    transport.run_until_quiet()

    page = text_of(owner.get("/privacy"))
    assert is_out(bea)
    assert "Who was erased" in page
    assert "Nobody was erased yet" not in page


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize("address", ["export", "erase", "people/export", "people/erase"])
def test_who_has_not_proved_lately_who_they_are_is_asked_first(owner: Browser, bea: Browser, address: str) -> None:
    assert bea.caller
    with db.begin() as session:
        session.execute(Login.__table__.update().values(proved_at=None))
    tokens.memory._known.clear()

    answer = owner.send(owner.get("/privacy"), f"/privacy/{address}", user=bea.caller.actor.id, their_email=BEA)

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/confirm")


@pytest.mark.asvs("8.2.1", "8.2.2")
def test_nobody_else_has_a_person_told_or_forgotten(app: Flask, owner: Browser, bea: Browser) -> None:
    other, stranger_id = an_organisation(name="Contoso")
    has_password(stranger_id)
    stranger = Browser(app, stranger_id)
    assert bea.caller
    token = {
        "csrf_token": csrf(bea.get("/privacy").get_data(as_text=True)),
        "form_token": "x",
        "user": str(stranger_id),
    }
    assert bea.open("POST", "/privacy/people/erase", data=token).status_code == 403
    for act in ("export", "erase"):
        fields = {"user": bea.caller.actor.id, "their_email": BEA}
        assert stranger.send(stranger.get("/privacy"), f"/privacy/people/{act}", **fields).status_code == 404
    invite(other, BEA, "reader")
    refused = owner.send(owner.get("/privacy"), "/privacy/people/export", user=bea.caller.actor.id)
    assert "They also belong to another organisation" in summary_of(refused)


def csrf(text: str) -> str:
    """The token that every form of a page carries."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found
    return found[1]
