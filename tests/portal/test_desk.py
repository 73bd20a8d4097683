"""The portal as the operator's staff have it at their desk: programs, sign-on, people and the log are their own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from domains.notifications import db as notifications_db
from domains.users import commands, db
from tests.conftest import Clock
from tests.domains.users.test_support_access import House
from tests.factories.trails import an_entry, an_organisation_known
from tests.factories.users import entries, invite, members_of

from .browser import Browser
from .conftest import made
from .visitor import form_on, text_of


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    house = House("administrator")
    an_organisation_known(house.home, "The Operator")
    an_organisation_known(house.customer_id)
    return house


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return Browser(app, house.user_id)


def exports_noted() -> list[Any]:
    """In whose trail it stands that somebody took entries with them."""
    entry = notifications_db.audit_entry
    query = entry.select().where(entry.c.action == "notifications.export_trail").order_by(entry.c.id)
    with notifications_db.begin_read() as session:
        return [row.customer_id for row in session.execute(query)]


@pytest.mark.asvs("8.2.1", "8.2.2", "16.4.2")
def test_the_log_is_the_operators_own_and_under_an_access_the_customers(staff: Browser, house: House) -> None:
    theirs, own = an_entry(house.customer_id, actor_name="Olga Owner"), an_entry(house.home, actor_name="Ada Admin")

    listed, exported = text_of(staff.get("/audit")), staff.get("/audit/export", format="csv").get_data(as_text=True)
    codes = [staff.get(f"/audit/{id}").status_code for id in (theirs, own)]

    assert ("Ada Admin" in listed, "Olga Owner" in listed) == (True, False)
    assert ("Ada Admin" in exported, "Olga Owner" in exported) == (True, False)
    assert codes == [404, 200]
    house.granted()
    staff.send(staff.get("/switch"), "/switch", customer=str(house.customer_id))
    listed, exported = text_of(staff.get("/audit")), staff.get("/audit/export", format="csv").get_data(as_text=True)
    assert ("Ada Admin" in listed, "Olga Owner" in listed) == (False, True)
    assert ("Ada Admin" in exported, "Olga Owner" in exported) == (False, True)
    assert exports_noted() == [house.home, house.customer_id, house.home]


def test_who_lists_programs_leaves_an_entry_and_sees_the_operators_own(staff: Browser, house: House) -> None:
    for of, name in ((house.customer_id, "Their ERP"), (house.home, "Our console")):
        known = {"client_id": f"eu_{name[:3]}", "customer_id": of, "reseller_id": None, "scopes": ["cases:read"]}
        with db.begin() as session:
            commands.create_api_client(session, **known, name=name, secret="css_one")
    before = entries(house.home).count("users.read")

    page = text_of(staff.get("/api-clients"))

    assert ("Our console" in page, "Their ERP" in page) == (True, False)
    assert staff.get("/api-clients/eu_The").status_code == 404
    assert entries(house.home).count("users.read") == before + 1


def test_what_they_look_for_among_all_customers_leaves_entries_of_their_own(staff: Browser, house: House) -> None:
    before = entries(house.home).count("users.read")

    for path in ("/search", "/cases/_found", "/cases/_open"):
        assert staff.get(path, q="Northwind").status_code == 200

    assert entries(house.home).count("users.read") == before + 3


def test_they_make_a_program_for_the_operator_without_acting_for_anybody(staff: Browser, house: House) -> None:
    form = staff.get("/api-clients/new")

    told = staff.send(form, "/api-clients", name="Console", scopes=["runs:read"], authentication="secret")

    assert told.status_code == 200
    assert "css_" in told.get_data(as_text=True)
    assert entries(house.home).count("users.create_api_client") == 1


def test_the_sign_on_that_they_see_is_the_operators(staff: Browser, house: House) -> None:
    for of, issuer in ((house.customer_id, "https://theirs.example"), (house.home, "https://ours.example")):
        with db.begin() as session:
            commands.set_sign_on(
                session, scope=Scope.customer(of), customer_id=of, expected_version=None, issuer=issuer, client_id="us",
                client_secret="s", provider={"authorization_endpoint": issuer},
            )  # fmt: skip

    page = staff.get("/sign-on").get_data(as_text=True)

    assert ("https://ours.example" in page, "https://theirs.example" in page) == (True, False)


def test_a_customers_people_are_shown_without_what_could_be_done_to_them(staff: Browser, house: House) -> None:
    invite(house.customer_id, "ben@northwind.example")
    ben = next(one.id for one in members_of(house.customer_id) if one.status == "invited")

    listed = staff.get("/users")
    page = staff.get(f"/users/{house.owner_id}", customer=house.customer_id)

    assert "ben@northwind.example" in text_of(listed)
    assert form_on(listed, f"/users/invitations/{ben}/resend") is None
    assert "Where they are signed in" not in text_of(page)
    assert "Change the role" not in text_of(page)
    assert "Shut out" not in text_of(page)
    assert (
        form_on(page, f"/users/{house.owner_id}/reset-factors") is not None
    )  # the operator's help, as identity.md says


def test_they_invite_a_colleague_of_their_own_as_agent(staff: Browser, house: House) -> None:
    form = staff.get("/users/invite")

    done = staff.send(form, "/users/invite", email="rita@operator.example", name="Rita", role="agent")

    assert done.status_code == 303
    assert "rita@operator.example" in text_of(staff.get("/users"))


def test_every_place_that_staff_are_led_to_opens(staff: Browser) -> None:
    home = staff.get("/").get_data(as_text=True)
    places = set(re.findall(r'<a[^>]* href="(/[a-z/-]*)"', home)) - {"/api/docs"}  # another app's

    assert {"/users", "/audit", "/api-clients", "/support-access/desk"} <= places
    assert {place: staff.get(place).status_code for place in places} == dict.fromkeys(places, 200)
