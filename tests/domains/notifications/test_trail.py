"""What is sealed anywhere can be found in one place, by whom it concerns and nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domains.kernel import config, sealing
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid, NotFound
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin, Scope
from domains.notifications import db, queries
from domains.notifications.models import TrailEntry
from domains.notifications.queries import Sought
from saga.transports.inline import database_named
from tests.factories.trails import an_entry, an_organisation_known
from tests.saga.flows.conftest import clock as clock
from tests.saga.flows.conftest import opened as opened
from tests.saga.flows.conftest import shop as shop
from tests.saga.flows.conftest import transport as transport
from tests.saga.flows.shop import Shop


def found(scope: Scope, **sought: Any) -> list[TrailEntry]:
    with db.begin_read() as session:
        return queries.list_entries(session, scope, Sought(**sought)).items


def sealed(shop: Shop) -> None:
    """All that waits in every domain is sealed and told."""
    for name in ("accounts", "services", "billing", "customers", "users"):
        sealing.seal(database_named(name), config.current().audit_key)
    shop.transport.run_until_quiet()


def test_what_is_done_through_a_run_can_be_found_with_where_it_was_asked_for(shop: Shop) -> None:
    with acting(origin=Origin("192.0.2.7", "Firefox 128, Windows")):
        shop.bought()
    sealed(shop)

    entries = found(shop.scope, action="services.place_order")

    assert [(one.place, one.program) for one in entries] == [("192.0.2.7", "Firefox 128, Windows")]
    assert entries[0].run_id is not None
    assert {one.domain for one in found(shop.scope)} >= {"accounts", "services", "billing", "customers", "users"}


def test_told_twice_is_kept_once(databases: config.Settings) -> None:
    customer_id, id = new_id(), new_id()
    for _ in range(2):
        an_entry(customer_id, id=id)

    assert [one.id for one in found(Scope.customer(customer_id))] == [id]


def test_entries_are_found_by_person_action_subject_time_and_word(databases: config.Settings) -> None:
    customer_id, subject_id = new_id(), new_id()
    first = an_entry(customer_id, subject_id=subject_id, after={"name": "Zürich 100%"})
    second = an_entry(customer_id, action="users.sign_in", actor_id="u-2", actor_name="Bea Buyer",
                      at=datetime(2026, 3, 11, tzinfo=UTC))  # fmt: skip

    def ids(**sought: Any) -> list[UUID]:
        return [one.id for one in found(Scope.customer(customer_id), **sought)]

    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert ids() == [second, first]
    assert (ids(actor_id="u-2"), ids(subject_id=subject_id)) == ([second], [first])
    assert (ids(action="users.sign_in"), ids(action="users."), ids(action="users.sign")) == ([second], [second], [])
    assert (ids(since=noon), ids(until=noon)) == ([second], [first])
    assert (ids(q="ZÜRICH 100%"), ids(q="bea sign_in"), ids(q="100_")) == ([first], [second], [])


@pytest.mark.asvs("8.2.2", "8.4.1")
def test_a_trail_is_its_customers_and_its_resellers(databases: config.Settings) -> None:
    reseller_id, customer_id, stranger_id = new_id(), new_id(), new_id()
    early = an_entry(customer_id)
    an_organisation_known(customer_id, reseller_id=reseller_id)
    late = an_entry(customer_id)

    assert [one.id for one in found(Scope.customer(customer_id))] == [late, early]
    assert [one.id for one in found(Scope.reseller(reseller_id))] == [late, early]
    assert found(Scope.customer(stranger_id)) == found(Scope.reseller(stranger_id)) == []
    with db.begin_read() as session, pytest.raises(NotFound):
        queries.get_entry(session, Scope.customer(stranger_id), late)


def test_a_long_trail_is_read_page_by_page(databases: config.Settings) -> None:
    customer_id = new_id()
    ids = [an_entry(customer_id) for _ in range(5)]
    read: list[UUID] = []
    cursor = None
    while len(read) < 5:
        with db.begin_read() as session:
            page = queries.list_entries(session, Scope.customer(customer_id), Sought(), cursor=cursor, limit=2)
        read, cursor = read + [one.id for one in page.items], page.next_cursor

    assert (read, cursor) == (ids[::-1], None)
    with db.begin_read() as session:
        first = queries.list_entries(session, Scope.customer(customer_id), Sought(), limit=2).next_cursor
    with db.begin_read() as session, pytest.raises(Invalid):
        queries.list_entries(session, Scope.customer(customer_id), replace(Sought(), q="x"), cursor=first)


@pytest.mark.asvs("1.2.10")
def test_an_export_holds_what_was_sought_and_no_formula(databases: config.Settings) -> None:
    customer_id = new_id()
    an_entry(customer_id, actor_name="=HYPERLINK(1)")
    an_entry(customer_id, actor_name="Bea Buyer")
    an_entry(new_id(), actor_name="Somebody else's")

    with db.begin_read() as session:
        table, count = queries.export_entries(session, Scope.customer(customer_id), Sought(), kind="csv")
        lines, _ = queries.export_entries(session, Scope.customer(customer_id), Sought(q="bea"), kind="jsonl")

    assert (count, table.count("\r\n")) == (2, 3)
    assert "'=HYPERLINK(1)" in table
    assert "Somebody" not in table
    assert [json.loads(line)["actor_name"] for line in lines.splitlines()] == ["Bea Buyer"]
