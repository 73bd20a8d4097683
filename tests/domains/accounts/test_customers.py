"""What accounts know of customers: the newest facts, whatever order they come in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domains.accounts import commands, db, queries, reactions
from domains.accounts.models import CustomerRef
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound
from domains.kernel.messages import react
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.factories.accounts import a_customer, eur
from tests.factories.customers import an_event


def test_facts_that_are_older_or_known_are_left_aside(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session, version=3, name="Third")
        for version, name in ((2, "Second"), (3, "Third again"), (1, "First")):
            a_customer(session, customer_id=customer, version=version, name=name)
        assert session.get_one(CustomerRef, customer).name == "Third"

        a_customer(session, customer_id=customer, version=5, name="Fifth", credit_limit=eur(7), status="suspended")
        a_customer(session, customer_id=customer, version=4, name="Fourth")
        known = session.get_one(CustomerRef, customer)
        assert (known.name, known.version, known.credit_limit, known.status) == ("Fifth", 5, eur(7), "suspended")


@pytest.mark.parametrize("reaction", [reactions.note_new_customer, reactions.keep_up])
def test_what_customers_tell_is_understood(databases: Settings, reaction: Any) -> None:
    limit = Money.of(5000, "JPY")
    event = an_event(reseller_id=new_id(), currency="JPY", credit_limit=limit)
    with db.begin() as session:
        reaction(session, event)
        known = session.get_one(CustomerRef, msgspec.convert(event["customer_id"], type(new_id())))

        assert (known.credit_limit, known.price_book, known.version) == (limit, "Standard 2026", 2)
        assert str(known.reseller_id) == event["reseller_id"]


def test_an_event_that_comes_twice_is_taken_once(databases: Settings) -> None:
    body = an_event()
    event = {"event_id": str(new_id()), "type": "customers.CustomerChanged", "body": body}
    with db.begin() as session:
        assert react(session, "accounts", event)
        assert not react(session, "accounts", event)


def test_a_limit_of_zero_is_a_limit_and_none_is_none(databases: Settings) -> None:
    with db.begin() as session:
        for limit in (eur(0), None):
            customer = a_customer(session, credit_limit=limit)
            assert session.get_one(CustomerRef, customer).credit_limit == limit


def test_a_customer_that_came_to_nothing_is_forgotten(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
    for _ in range(2):
        with db.begin() as session:
            commands.forget_customer(session, customer_id=customer)
    with db.begin_read() as session, pytest.raises(NotFound):
        queries.customer_ref(session, Scope.operator(), customer)


def test_only_the_customer_its_reseller_and_staff_read_what_is_known(databases: Settings) -> None:
    with db.begin() as session:
        reseller = new_id()
        customer = a_customer(session, reseller_id=reseller)
        for scope in (Scope.customer(customer), Scope.reseller(reseller), Scope.operator()):
            assert queries.customer_ref(session, scope, customer).name == "Northwind"
        for scope in (Scope.customer(new_id()), Scope.reseller(new_id()), Scope.customer(reseller)):
            with pytest.raises(NotFound) as no:
                queries.customer_ref(session, scope, customer)
            assert no.value.code == "customer_not_found"
