"""What billing writes down: charges, once each, and what it needs to know of customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import insert_new, locked
from domains.kernel.money import Money, UnitPrice

from .models import Charge, CustomerRef


@dataclass(frozen=True)
class ChargeLine:
    """A line of an order as billing reads it: what it is, at what price, and what is charged at once."""

    subscription_id: UUID
    name: str
    quantity: int
    unit_price: UnitPrice
    charge_now: Money
    charged_until: date | None = None


@dataclass(frozen=True)
class AcceptedLine:
    """A line that the provider has accepted."""

    subscription_id: UUID


def know_customer(
    session: Session,
    *,
    customer_id: UUID,
    reseller_id: UUID | None,
    name: str,
    legal_name: str,
    country: str,
    region: str,
    currency: str,
    tax_id: str | None,
    payment_terms_days: int,
    time_zone: str,
    version: int = 1,
) -> None:
    """Note what invoices need to know of a customer; facts older than those known are left aside."""
    facts: dict[str, Any] = {
        "reseller_id": reseller_id, "name": name, "legal_name": legal_name, "country": country, "region": region,
        "currency": currency, "tax_id": tax_id, "payment_terms_days": payment_terms_days, "time_zone": time_zone,
        "version": version,
    }  # fmt: skip
    if insert_new(session, CustomerRef.__table__, {"customer_id": customer_id, **facts}, "customer_id"):
        return
    query = locked(select(CustomerRef).where(CustomerRef.customer_id == customer_id), CustomerRef)
    known = session.scalars(query).one()
    if known.version < version:
        for fact, value in facts.items():
            setattr(known, fact, value)


def forget_customer(session: Session, *, customer_id: UUID) -> None:
    """Forget a customer whose onboarding came to nothing; if it is not known, fine."""
    known = session.get(CustomerRef, customer_id)
    if known is not None:
        session.delete(known)


def charge_order(
    session: Session,
    *,
    order_id: UUID,
    account_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    account_name: str,
    lines: tuple[ChargeLine, ...],
    accepted: tuple[AcceptedLine, ...],
    effective_on: date,
) -> None:
    """Charge what an order's accepted lines cost until their first billing period ends, once each."""
    delivered = {line.subscription_id for line in accepted}
    for line in lines:
        if line.subscription_id in delivered:
            row = {
                "id": line.subscription_id, "customer_id": customer_id, "reseller_id": reseller_id,
                "account_id": account_id, "account_name": account_name, "subscription_id": line.subscription_id,
                "source_id": order_id, "kind": "activation", "name": line.name, "quantity": line.quantity,
                "unit_price": line.unit_price.amount, "currency": line.charge_now.currency,
                "amount_minor": line.charge_now.minor, "effective_on": effective_on, "until": line.charged_until,
            }  # fmt: skip
            _charge(session, row)


def charge_change(
    session: Session,
    *,
    change_id: UUID,
    subscription_id: UUID,
    account_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    account_name: str,
    name: str,
    kind: str,
    from_quantity: int,
    to_quantity: int,
    unit_price: UnitPrice,
    charge_now: Money,
    effective_on: date,
) -> None:
    """Charge (or, negative, give back) what a change costs at once. A change that costs nothing leaves no charge."""
    if charge_now.minor == 0:
        return
    quantity = to_quantity - from_quantity if kind == "change_quantity" else from_quantity
    row = {
        "id": change_id, "customer_id": customer_id, "reseller_id": reseller_id, "account_id": account_id,
        "account_name": account_name, "subscription_id": subscription_id, "source_id": change_id, "kind": kind,
        "name": name, "quantity": quantity, "unit_price": unit_price.amount, "currency": charge_now.currency,
        "amount_minor": charge_now.minor, "effective_on": effective_on, "until": None,
    }  # fmt: skip
    _charge(session, row)


def _charge(session: Session, row: dict[str, Any]) -> None:
    # The charge has the id of what caused it, so the same cause is charged once.
    if insert_new(session, Charge.__table__, row | {"created_at": clock.now(session)}, "id"):
        after = {name: row[name] for name in ("name", "quantity", "currency", "amount_minor", "kind")}
        subject = ("charge", row["id"])
        audit.record(session, "billing.charge", customer_id=row["customer_id"], subject=subject, after=after)
