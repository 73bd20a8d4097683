"""What staff look at stands in the trail of the customer whose it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import select

from domains.kernel import config
from domains.services import db as services_db
from domains.services.models import Subscription
from domains.users import db
from saga import store, tables
from tests.factories.users import an_organisation, has_password, let_in
from tests.saga.flows.conftest import clock as clock
from tests.saga.flows.conftest import opened as opened
from tests.saga.flows.conftest import shop as shop
from tests.saga.flows.conftest import transport as transport
from tests.saga.flows.shop import Shop

from .browser import Browser
from .conftest import made
from .visitor import Visitor, a_person


@pytest.fixture
def app(shop: Shop, compiled: FileSystemBytecodeCache) -> Flask:
    return made(config.current(), compiled)


@pytest.fixture
def staff(app: Flask) -> Browser:
    """An administrator of the operator."""
    _, user_id = an_organisation(kind="operator", name="The Operator", owner_name="Ada Admin")
    has_password(user_id)
    return Browser(app, user_id)


def readings(customer_id: UUID) -> list[tuple[str, Any]]:
    """Who has read about a customer, and at which page first."""
    entry, value, origin = db.audit_entry, db.audit_value, db.audit_origin
    told = entry.join(value, value.c.entry_id == entry.c.id).join(origin, origin.c.entry_id == entry.c.id)
    query = select(value.c.after, origin.c.actor_name).select_from(told).order_by(entry.c.id)
    with db.begin_read() as session:
        rows = session.execute(query.where(entry.c.customer_id == customer_id, entry.c.action == "users.read"))
        return [(row.actor_name, row.after["path"]) for row in rows]


def test_each_page_about_a_customers_thing_is_noted_once_an_hour(staff: Browser, shop: Shop) -> None:
    subscription_id = shop.bought()
    with services_db.begin_read() as session:
        order_id = session.get_one(Subscription, subscription_id).order_id
    with tables.db.begin_read() as session:
        run = store.find_by_resource(session, shop.scope, order_id)
    assert run
    pages = [
        f"/customers/{shop.customer_id}", f"/accounts/{shop.account_id}", f"/subscriptions/{subscription_id}",
        f"/orders/{order_id}", f"/operations/{run.id}",
    ]  # fmt: skip

    acting_for(staff, shop)
    for number, page in enumerate(pages, 1):
        assert [staff.get(page).status_code for _ in range(2)] == [200, 200]
        assert len(readings(shop.customer_id)) == number
        shop.clock.advance(hours=1)

    assert readings(shop.customer_id) == [("Ada Admin", page) for page in pages]


def acting_for(staff: Browser, shop: Shop) -> None:
    let_in("Northwind Traders", hours=24)
    staff.send(staff.get("/switch"), "/switch", customer=str(shop.customer_id))


def test_acting_for_a_customer_is_reading_about_it(staff: Browser, shop: Shop) -> None:
    acting_for(staff, shop)

    staff.get("/orders")

    assert readings(shop.customer_id) == [("Ada Admin", "/orders")]


def test_lists_over_all_and_customers_themselves_are_not_noted(app: Flask, staff: Browser, shop: Shop) -> None:
    own = Visitor(app, a_person(shop.customer_id))

    for path in ("/", "/customers", "/users", "/cases", "/search?q=a"):
        assert (own.get(path).status_code, staff.get(path).status_code) == (200, 200), path
    for path in ("/accounts", "/orders", "/subscriptions", "/invoices", "/costs"):  # staff need to be let in
        assert (own.get(path).status_code, staff.get(path).status_code) == (200, 403), path
    own.get(f"/accounts/{shop.account_id}")

    assert readings(shop.customer_id) == []
