"""Invitations at the portal: accepted or declined by whom they are for, without a script, and seen by nobody else."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from tests.factories.users import an_organisation, has_password, membership_of

from .browser import Browser
from .conftest import made
from .visitor import Visitor, a_person, form_on, text_of

EMAIL = "olga@northwind.example"


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def olga(app: Flask) -> UUID:
    """Somebody who works at Northwind Traders and is invited to Contoso Partners under another name."""
    _, user_id = an_organisation(owner_email=EMAIL)
    has_password(user_id)
    return user_id


@pytest.fixture
def contoso(olga: UUID) -> UUID:
    customer_id, _ = an_organisation(name="Contoso Partners", owner_email=EMAIL, owner_name="Whoever")
    return customer_id


def test_an_invitation_is_seen_accepted_and_worked_at(app: Flask, olga: UUID, contoso: UUID) -> None:
    browser = Browser(app, olga)
    home, page = browser.get("/"), browser.get("/organisations")

    accepted = browser.send(page, "/organisations/accept")
    after = browser.get("/organisations")
    moved = browser.send(after, "/organisations/work")
    there = text_of(browser.get("/users"))

    assert "One organisation invites you" in text_of(home)
    assert "Contoso Partners invites you as Owner" in text_of(page)
    assert [answer.status_code for answer in (accepted, moved)] == [303, 303]
    assert form_on(after, "/organisations/accept") is None
    assert "Contoso Partners" in there
    assert "Olga Owner" in there


def test_an_invitation_that_is_declined_is_gone(app: Flask, olga: UUID, contoso: UUID) -> None:
    browser = Browser(app, olga)

    browser.send(browser.get("/organisations"), "/organisations/decline")

    assert "Nobody invites you" in text_of(browser.get("/organisations"))
    assert "invites you" not in text_of(browser.get("/"))


def test_who_invites_sees_what_was_typed(app: Flask, olga: UUID, contoso: UUID) -> None:
    words = text_of(Visitor(app, a_person(contoso)).get("/users"))

    assert f"Whoever {EMAIL} Owner Invited" in words
    assert "Olga" not in words


def test_nobody_answers_an_invitation_of_somebody_elses(app: Flask, olga: UUID, contoso: UUID) -> None:
    _, stranger_id = an_organisation()
    has_password(stranger_id)
    browser, stranger = Browser(app, olga), Browser(app, stranger_id)
    typed = {"membership": str(membership_of(olga, contoso))}
    typed |= form_on(stranger.get("/profile"), "/profile") or {}

    for verb in ("accept", "decline", "work"):
        stranger.open("POST", f"/organisations/{verb}", data=typed)

    assert stranger.open("POST", "/organisations/accept", data=typed).status_code == 404
    assert "Contoso Partners invites you" in text_of(browser.get("/organisations"))


def test_who_is_invited_only_is_led_to_choose_and_sees_nothing_else(app: Flask) -> None:
    _, user_id = an_organisation(owner_email=EMAIL)
    an_organisation(name="Contoso Partners", owner_email=EMAIL)
    has_password(user_id)
    guest = Browser(app, user_id)

    seen = {at: guest.get(at).status_code for at in pages(app)}

    assert guest.get("/").location == "/organisations"
    assert "Contoso Partners invites you" in text_of(guest.get("/organisations"))
    assert {at for at, status in seen.items() if status != 403} == {
        "/", "/search", "/profile", "/switch", "/organisations", "/confirm", "/security", "/security/app",
        "/security/password", "/privacy", "/personal-exports",
    }  # fmt: skip


def pages(app: Flask) -> list[str]:
    """The addresses of all pages that need no more than an address and that not everybody may read."""
    rules = [rule for rule in app.url_map.iter_rules() if not rule.arguments and "GET" in (rule.methods or ())]
    closed = [rule for rule in rules if not getattr(app.view_functions[rule.endpoint], "public", False)]
    return [rule.rule for rule in closed if not rule.endpoint.startswith(("styleguide.", "static"))]
