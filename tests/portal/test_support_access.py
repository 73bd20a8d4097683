"""Support access as an owner gives it and as staff ask for it and act under it."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains.kernel import sealing
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.users import db
from saga.transports import inline
from tests.conftest import Clock
from tests.domains.users.test_support_access import House
from tests.factories.notifications import deliveries

from .browser import Browser
from .conftest import made
from .visitor import Visitor, a_person, form_on, summary_of, text_of


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    return made(databases, compiled)


@pytest.fixture
def house(app: Flask, clock: Clock) -> House:
    return House("administrator")


@pytest.fixture
def owner(app: Flask, house: House) -> Browser:
    return Browser(app, house.owner_id)


@pytest.fixture
def agent(app: Flask, house: House) -> Browser:
    return Browser(app, house.user_id)


def test_an_owner_lets_support_in_sees_who_looked_and_ends_it(owner: Browser, agent: Browser, house: House) -> None:
    empty = owner.get("/support-access")
    owner.send(empty, "/support-access", reason="My invoice looks wrong", hours="1")
    agent.send(agent.get("/switch"), "/switch", customer=str(house.customer_id))

    page = owner.get("/support-access")
    strip = text_of(agent.get("/profile"))

    assert "Nobody of support can see your pages" in text_of(empty)
    assert "One support access is open" in text_of(page)
    assert "Aiden Agent, " in text_of(page)
    assert "Aiden Agent sees Northwind Traders by its support access until" in strip
    assert "You may change: nothing: you only read." in strip
    assert agent.get("/accounts").status_code == 200
    assert agent.get("/accounts/new").status_code == 403

    grant_id = text_between(page.get_data(as_text=True), "/support-access/", "/end")
    owner.send(page, f"/support-access/{grant_id}/end")

    assert agent.get("/accounts").status_code == 403
    assert "Nobody of support can see your pages" in text_of(owner.get("/support-access"))


def text_between(text: str, before: str, after: str) -> str:
    """The id in an address of a form."""
    return text[: text.index(after)].rpartition(before)[2]


def test_staff_who_are_not_let_in_are_led_to_ask(agent: Browser, owner: Browser, house: House) -> None:
    led = agent.send(agent.get("/switch"), "/switch", customer=str(house.customer_id))
    assert led.headers["Location"] == f"/support-access/desk?customer={house.customer_id}"

    form = agent.get(led.headers["Location"])
    wrong = agent.send(form, led.headers["Location"], reason=" ")
    agent.send(form, led.headers["Location"], reason="To see what you see", hours="24")

    assert "Say why: the reason is kept and shown." in summary_of(wrong)
    assert "Waiting for them" in text_of(agent.get("/support-access/desk"))
    page = owner.get("/support-access")
    assert "Aiden Agent of support asks to see your pages" in text_of(page)
    action = f"/support-access/{text_between(page.get_data(as_text=True), '/support-access/', '/answer')}/answer"
    owner.send(page, action, answer="yes", hours="1")
    back = agent.send(agent.get("/switch"), "/switch", customer=str(house.customer_id))
    assert back.headers["Location"] == "/"


def test_in_an_emergency_owners_are_told_at_once(agent: Browser, house: House, transport: inline.Transport) -> None:
    address = f"/support-access/desk?customer={house.customer_id}"
    form = agent.get(address)
    agent.send(form, f"/support-access/emergency?customer={house.customer_id}", reason="Data is at risk")
    transport.run_until_quiet()

    (letter,) = [one for one in deliveries() if one.template == "support_access_emergency"]
    assert "Data is at risk" in letter.body
    agent.send(agent.get("/switch"), "/switch", customer=str(house.customer_id))
    assert "sees Northwind Traders by its support access" in text_of(agent.get("/profile"))


def test_an_emergency_sent_twice_is_one(agent: Browser, house: House) -> None:
    form = agent.get(f"/support-access/desk?customer={house.customer_id}")
    address = f"/support-access/emergency?customer={house.customer_id}"

    answers = [agent.send(form, address, reason="Data is at risk").status_code for _ in range(2)]

    assert answers == [303, 303]


@pytest.mark.asvs("7.5.1")
def test_who_lets_support_in_or_themselves_proves_anew_who_they_are(
    owner: Browser, agent: Browser, house: House, clock: Clock
) -> None:
    typed = {one: form_on(one.get("/profile"), "/profile") for one in (owner, agent)}
    clock.advance(minutes=11)

    for browser, path in (
        (owner, "/support-access"), (owner, f"/support-access/{new_id()}/answer"), (agent, "/support-access/emergency"),
    ):  # fmt: skip
        answer = browser.open("POST", path, data=typed[browser])
        assert (answer.status_code, (answer.location or "").partition("?")[0]) == (303, "/confirm")


@pytest.mark.asvs("8.2.1", "8.2.2")
def test_nobody_else_gives_or_takes_it(app: Flask, house: House) -> None:
    grant_id = house.granted()
    buyer = Visitor(app, a_person(house.customer_id, role="buyer"))
    stranger = Visitor(app, a_person())
    plain_agent = Visitor(app, House("agent").staff)

    assert buyer.get("/support-access").status_code == 403
    page = stranger.get("/support-access")
    fields = {"csrf_token": text_between(page.get_data(as_text=True), 'content="', '">\n<meta name="htmx')}
    assert stranger.open("POST", f"/support-access/{grant_id}/end", data=fields).status_code == 404
    assert "In an emergency" not in text_of(plain_agent.get(f"/support-access/desk?customer={house.customer_id}"))
    assert Visitor(app, house.staff).get("/support-access").status_code == 403


def test_lists_over_all_customers_are_readings_in_the_operators_own_trail(agent: Browser, house: House) -> None:
    for path in ("/cases", "/cases", "/customers"):
        assert agent.get(path).status_code == 200

    entry, value = db.audit_entry, db.audit_value
    with db.begin_read() as session:
        found = session.execute(
            entry.join(value, value.c.entry_id == entry.c.id).select().where(entry.c.action == "users.read")
        ).all()
    assert {(row.customer_id, row.after["path"]) for row in found} == {
        (house.home, "/cases"),
        (house.home, "/customers"),
    }
    assert len(found) == 2


def test_the_owner_finds_in_the_log_what_staff_did(
    owner: Browser, agent: Browser, house: House, transport: inline.Transport, databases: Settings
) -> None:
    grant_id: UUID = house.granted()
    agent.send(agent.get("/switch"), "/switch", customer=str(house.customer_id))
    agent.get("/invoices")
    sealing.seal(db, databases.audit_key)
    transport.run_until_quiet()

    told = text_of(owner.get("/audit", grant=str(grant_id)))

    assert "Aiden Agent of the operator, for you Looked at the organisation's pages Support access" in told
