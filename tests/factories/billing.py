"""Customers and charges as billing knows them, made through the commands that make them in life."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.billing import commands, db, exchanges
from domains.billing.commands import AcceptedLine, ChargeLine, ProviderLine
from domains.billing.models import Charge
from domains.kernel.database import new_id
from domains.kernel.money import Money, UnitPrice


def a_customer(session: Session, **but: Any) -> UUID:
    """A customer in Amsterdam that pays in euros."""
    facts: dict[str, Any] = {
        "customer_id": new_id(), "reseller_id": None, "name": "Northwind", "legal_name": "Northwind B.V.",
        "country": "NL", "region": "eu", "currency": "EUR", "tax_id": None, "payment_terms_days": 30,
        "time_zone": "Europe/Amsterdam",
    } | but  # fmt: skip
    commands.know_customer(session, **facts)
    found: UUID = facts["customer_id"]
    return found


def a_line(amount: str = "630.00", currency: str = "EUR", **but: Any) -> ChargeLine:
    """A line of 20 seats."""
    facts: dict[str, Any] = {
        "subscription_id": new_id(), "name": "Analytics Pro", "quantity": 20,
        "unit_price": UnitPrice(Decimal("31.5"), currency), "charge_now": Money.of(amount, currency),
        "charged_until": date(2026, 4, 9),
    }  # fmt: skip
    return ChargeLine(**(facts | but))


def charge(session: Session, *lines: ChargeLine, **but: Any) -> None:
    """Charge an order whose lines were all accepted, unless said otherwise."""
    facts: dict[str, Any] = {
        "order_id": new_id(), "account_id": new_id(), "customer_id": new_id(), "reseller_id": None,
        "account_name": "Head office", "lines": lines, "effective_on": date(2026, 3, 10),
        "accepted": tuple(AcceptedLine(line.subscription_id) for line in lines),
    }  # fmt: skip
    commands.charge_order(session, **(facts | but))


def charge_change(session: Session, amount: Money, **but: Any) -> UUID:
    """Charge a change from 20 seats to 25; gives the change's id."""
    facts: dict[str, Any] = {
        "change_id": new_id(), "subscription_id": new_id(), "account_id": new_id(), "customer_id": new_id(),
        "reseller_id": None, "account_name": "Head office", "name": "Analytics Pro", "kind": "change_quantity",
        "from_quantity": 20, "to_quantity": 25, "unit_price": UnitPrice(Decimal("31.5"), amount.currency),
        "effective_on": date(2026, 3, 10),
    } | but  # fmt: skip
    commands.charge_change(session, **facts, charge_now=amount)
    found: UUID = facts["change_id"]
    return found


def charges(session: Session) -> list[Charge]:
    """All charges, by the day they begin."""
    return list(session.scalars(select(Charge).order_by(Charge.effective_on, Charge.id)))


PERIOD = (date(2026, 3, 1), date(2026, 4, 1))


def a_provider_line(charged: UUID, quantity: int = 20, first: date = PERIOD[0], **but: Any) -> ProviderLine:
    """What the provider bills us for a subscription in March 2026."""
    facts: dict[str, Any] = {
        "line_id": f"BL-{new_id()}", "subscription_id": charged, "kind": "cycle", "quantity": quantity, "first": first,
        "after": PERIOD[1], "period_first": PERIOD[0], "period_after": PERIOD[1], "cost": Money.of("400.00", "EUR"),
    }  # fmt: skip
    return ProviderLine(**(facts | but))


def draft(payer_id: UUID, *lines: ProviderLine, currency: str = "EUR", month: date = PERIOD[0]) -> UUID:
    """A draft of a payer's month in a transaction of its own; gives the invoice's id."""
    invoice_id = new_id()
    with db.begin() as session:
        commands.draft_invoice(
            session, invoice_id=invoice_id, payer_id=payer_id, currency=currency, month=month, lines=lines
        )
    return invoice_id


def issue(payer_id: UUID, *lines: ProviderLine, **but: Any) -> UUID:
    """An issued invoice without its document."""
    invoice_id = draft(payer_id, *lines, **but)
    with db.begin() as session:
        commands.finalise_invoice(session, invoice_id=invoice_id)
    return invoice_id


def render(invoice_id: UUID, payer_id: UUID) -> None:
    """The document of an issued invoice, as the worker makes it."""
    exchange = exchanges.render_invoice
    with db.begin() as session:
        facts = exchange.intend(session, invoice_id=invoice_id)
    kept = exchange.call(facts, False)
    with db.begin() as session:
        exchange.record(session, kept, invoice_id=invoice_id, payer_id=payer_id)
