"""What billing knows of customers: the newest facts, whatever order they come in."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domains.billing import commands, db, queries, reactions
from domains.billing.models import CustomerRef
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from tests.factories.billing import a_customer, a_line, charge
from tests.factories.customers import an_event
from tests.factories.services import EVERYBODY


def test_facts_that_are_older_or_known_are_left_aside(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session, version=3, legal_name="Third")
        for version, name in ((2, "Second"), (3, "Third again")):
            a_customer(session, customer_id=customer, version=version, legal_name=name)
        assert session.get_one(CustomerRef, customer).legal_name == "Third"

        a_customer(session, customer_id=customer, version=4, legal_name="Fourth", tax_id="NL123456789B01")
        known = session.get_one(CustomerRef, customer)
        assert (known.legal_name, known.tax_id, known.version) == ("Fourth", "NL123456789B01", 4)


def test_what_customers_tell_is_understood(databases: Settings) -> None:
    event = an_event(legal_name="Northwind Traders B.V.", payment_terms_days=14, street="Gracht 12", city="Amsterdam")
    with db.begin() as session:
        reactions.keep_up(session, event)
        known = session.get_one(CustomerRef, UUID(event["customer_id"]))

        assert (known.legal_name, known.payment_terms_days, known.version) == ("Northwind Traders B.V.", 14, 2)
        assert (known.street, known.city, known.province) == ("Gracht 12", "Amsterdam", None)


def test_a_customer_that_came_to_nothing_is_forgotten(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
    for known in (customer, customer, new_id()):
        with db.begin() as session:
            commands.forget_customer(session, customer_id=known)
    with db.begin_read() as session:
        assert session.get(CustomerRef, customer) is None


def test_a_sandbox_is_charged_and_is_nobody_who_pays(databases: Settings) -> None:
    facts = {"reseller_id": None, "name": "Trial", "legal_name": "Trial B.V.", "country": "NL", "region": "eu",
             "currency": "EUR", "tax_id": None, "payment_terms_days": 30, "time_zone": "UTC", "version": 1}  # fmt: skip
    with db.begin() as session:
        live, tried = a_customer(session), new_id()
        commands.know_sandbox(session, customer_id=live, sandbox_id=tried, sandbox=facts | {"customer_id": str(tried)})
        for customer in (live, tried):
            charge(session, a_line("10.00"), customer_id=customer)
    with db.begin_read() as session:
        paying = queries.payers(session, EVERYBODY, date(2026, 12, 31))
        charged = queries.list_charges(session, EVERYBODY, customer_id=tried).items

    assert ([one.payer_id for one in paying], len(charged)) == ([live], 1)
