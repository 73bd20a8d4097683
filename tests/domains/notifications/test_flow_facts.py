"""The e-mail at the end of every flow, written with the facts that the flow really gives, in every language."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domains.accounts import db as accounts_db
from domains.accounts import queries as accounts
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.notifications import commands, db
from domains.notifications.channels.texts import LANGUAGES
from domains.notifications.models import Delivery
from domains.services import db as services_db
from saga.definition import converted
from saga.flows.cancel_subscription import CancelSubscription
from saga.flows.change_quantity import ChangeQuantity
from saga.flows.extend_subscription import ExtendSubscription
from saga.payloads.account import OpenAccount
from saga.payloads.change import Change
from saga.payloads.customer import OnboardCustomer
from saga.payloads.order import PlaceOrder
from tests.conftest import Clock
from tests.factories.accounts import a_customer
from tests.factories.notifications import delivery
from tests.factories.services import a_catalogue, a_running, an_account, change_of, terms_of


def bea(language: str) -> Caller:
    preferences = {"email": "bea@northwind.example", "language": language}
    actor = Actor("user", str(new_id()), "Bea Buyer")
    return Caller(actor, Scope.operator(), None, "direct", "Northwind", (), frozenset(), "", preferences)


def told(payload: Any, **given: Any) -> Delivery:
    """The e-mail of a flow: its payload, and what its steps gave, travel as JSON to the last step."""
    body = msgspec.json.decode(msgspec.json.encode(payload)) | msgspec.to_builtins(given)
    with db.begin() as session:
        commands.notify(session, **converted(commands.notify, body))
    written = delivery(payload.delivery_id)
    assert written.recipient == "bea@northwind.example"
    assert not {"{", "}", "None", "'", "amount"} & set((written.subject + written.body).split())
    return written


def an_order(language: str) -> PlaceOrder:
    with services_db.begin() as session:
        a_catalogue(session)
        return PlaceOrder.of(terms_of(session, an_account(session)), bea(language))


def a_change(kind: type[Change], language: str, action: str, **wish: Any) -> Change:
    with services_db.begin() as session:
        held = a_running(session)
        if action == "extend":
            wish = {"valid_to": held.valid_to + timedelta(days=30)}
        return kind.of(change_of(session, held, action, **wish), bea(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order(databases: Settings, clock: Clock, language: str) -> None:
    order = an_order(language)
    written = told(order)

    assert "Head office" in written.subject
    assert "  20 × Analytics Pro" in written.body
    assert f"EUR {order.charge_now.amount}" in written.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_that_was_delivered_in_part(databases: Settings, clock: Clock, language: str) -> None:
    order = an_order(language)
    no = {"subscription_id": order.lines[0].subscription_id, "code": "capacity_exceeded", "detail": "No capacity."}
    written = told(order, rejected=[no])

    assert written.template == "order_partially_completed"
    assert "  20 × Analytics Pro" in written.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_of_seats(databases: Settings, clock: Clock, language: str) -> None:
    change = a_change(ChangeQuantity, language, "change_quantity", quantity=25)
    written = told(change)

    assert "Analytics Pro" in written.subject and "25" in written.subject
    for fact in ("SUB-2026-000001", "20", f"EUR {change.charge_now.amount}"):
        assert fact in written.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_extension(databases: Settings, clock: Clock, language: str) -> None:
    change = a_change(ExtendSubscription, language, "extend")

    assert str(change.valid_to_wish) in told(change).subject


@pytest.mark.parametrize(("mode", "last"), [("now", "2026-03-10"), ("end_of_term", "2027-03-09")])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cancellation(databases: Settings, clock: Clock, language: str, mode: str, last: str) -> None:
    change = a_change(CancelSubscription, language, "cancel", mode=mode)
    written = told(change)

    assert "SUB-2026-000001" in written.body and last in written.body
    assert f"EUR {change.charge_now.amount}" in written.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_account(databases: Settings, clock: Clock, language: str) -> None:
    with accounts_db.begin() as session:
        customer = accounts.customer_ref(session, Scope.operator(), a_customer(session))
    written = told(OpenAccount.of(customer, bea(language), name="Branch"))

    assert "Branch" in written.subject and "Northwind" in written.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_customer(databases: Settings, clock: Clock, language: str) -> None:
    facts: dict[str, Any] = dict.fromkeys(
        ("reseller_id", "kind", "legal_name", "country", "region", "currency", "time_zone", "tax_id", "credit_limit",
         "price_book", "email"), None,
    )  # fmt: skip
    known = {"name": "Northwind", "owner_name": "Bea Buyer", "owner_email": "bea@northwind.example"}
    written = told(OnboardCustomer.of(**facts, **known, language=language, payment_terms_days=30))

    assert "Northwind" in written.subject and "Bea Buyer" in written.body
