"""The page of the sandbox: made by an owner, marked on every page, moved and troubled from inside, shut to the live."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from domains import customers, users
from domains.customers import queries
from domains.kernel import config
from domains.users.models import Organisation
from tests.factories.services import EVERYBODY
from tests.saga.flows.conftest import clock as clock
from tests.saga.flows.conftest import opened as opened
from tests.saga.flows.conftest import shop as shop
from tests.saga.flows.conftest import transport as transport
from tests.saga.flows.shop import Shop

from .conftest import made
from .visitor import Visitor, a_person, form_on, summary_of, text_of

AT = "/sandbox"


@pytest.fixture
def app(shop: Shop, compiled: FileSystemBytecodeCache) -> Flask:
    return made(config.current(), compiled)


def sandbox_of(customer_id: UUID) -> UUID:
    with customers.db.begin_read() as session:
        found = queries.own_sandbox(session, EVERYBODY, customer_id)
    assert found is not None
    return found.sandbox_id


def inside(app: Flask, sandbox_id: UUID, **who: Any) -> Visitor:
    """Somebody who works in the sandbox, as users introduce them."""
    with users.db.begin_read() as session:
        told = session.get_one(Organisation, sandbox_id).told
    return Visitor(app, a_person(sandbox_id, preferences=told, **who))


def test_an_owner_makes_a_sandbox_once_and_goes_on_there(app: Flask, shop: Shop) -> None:
    owner = Visitor(app, a_person(shop.customer_id))
    first = owner.get(AT)

    sent = owner.send(first, AT)
    shop.transport.run_until_quiet()

    assert (sent.status_code, sent.location[:12]) == (303, "/operations/")
    assert "Northwind Traders (sandbox)" in text_of(owner.get(AT))
    assert form_on(owner.get(AT), AT) is None
    known = form_on(first, AT)
    assert known is not None
    again = owner.open("POST", AT, data=known | {"form_token": "another"})
    assert (again.status_code, "There is a sandbox already" in summary_of(again)) == (422, True)
    assert owner.get(sent.location).status_code == 200
    tester = inside(app, sandbox_of(shop.customer_id))
    marked = ["Nothing you order here is real" in text_of(who.get(at)) for who in (tester, owner) for at in ("/", AT)]
    assert marked == [True, True, False, False]


def test_the_clock_goes_on_by_a_button_and_to_a_moment_and_says_what_it_does_not_take(app: Flask, shop: Shop) -> None:
    owner = Visitor(app, a_person(shop.customer_id))
    owner.send(owner.get(AT), AT)
    shop.transport.run_until_quiet()
    id = sandbox_of(shop.customer_id)
    tester = inside(app, id)

    tester.send(tester.get(AT), f"{AT}/clock")
    shop.transport.run_until_quiet()
    tester = inside(app, id)
    token = form_on(tester.get(AT), f"{AT}/clock")
    assert token is not None
    given = [token | {"days": "", "to": to} for to in ("soon", "2020-01-01T00:00")]
    wrong = [tester.open("POST", f"{AT}/clock", data=typed) for typed in given]

    assert tester.caller is not None and tester.caller.ahead == 86_400
    assert "1 day" in text_of(tester.get(AT))
    assert [answer.status_code for answer in wrong] == [422, 422]
    assert "Give a day and a time" in summary_of(wrong[0])
    assert "The clock only goes forward" in summary_of(wrong[1])


def test_faults_are_set_one_by_one_and_cleared_together(app: Flask, shop: Shop) -> None:
    owner = Visitor(app, a_person(shop.customer_id))
    owner.send(owner.get(AT), AT)
    shop.transport.run_until_quiet()
    tester = inside(app, sandbox_of(shop.customer_id))

    for kind in ("reject", "latency"):
        tester.send(
            tester.get(AT), f"{AT}/faults", kind=kind, operation="place_order", refusal_code="", count="2", seconds="1"
        )
        shop.transport.run_until_quiet()
    seen = text_of(tester.get(AT))
    wrong = tester.send(tester.get(AT), f"{AT}/faults", kind="reject", operation="nowhere")
    tester.send(tester.get(AT), f"{AT}/faults/clear")
    shop.transport.run_until_quiet()

    assert ("Refuses" in seen, "2 times, 1 second" in seen) == (True, True)
    assert wrong.status_code == 422
    assert "No faults" in text_of(tester.get(AT))


def test_a_live_tenant_moves_nothing_and_who_may_not_see_it_is_refused(app: Flask, shop: Shop) -> None:
    owner, reader = Visitor(app, a_person(shop.customer_id)), Visitor(app, a_person(shop.customer_id, role="reader"))
    token = form_on(owner.get(AT), AT)
    assert token is not None

    tried = [owner.open("POST", f"{AT}/{what}", data=token | {"days": "8"}) for what in ("clock", "faults/clear")]

    assert [answer.status_code for answer in tried] == [422, 422]
    assert all("This is no sandbox" in summary_of(answer) for answer in tried)
    assert reader.get(AT).status_code == 403
    assert shop.transport.next_due() is None
