"""What billing needs to know of customers, for their invoices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.database import insert_new, locked
from domains.kernel.messages import fitted

from ..models import CustomerRef


def know_customer(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, name: str, legal_name: str, country: str,
    region: str, currency: str, tax_id: str | None, payment_terms_days: int, time_zone: str,
    street: str | None = None, postcode: str | None = None, city: str | None = None, province: str | None = None,
    version: int = 1,
) -> None:  # fmt: skip
    """Note what invoices need to know of a customer; facts older than those known are left aside."""
    facts: dict[str, Any] = {
        "reseller_id": reseller_id, "name": name, "legal_name": legal_name, "country": country, "region": region,
        "currency": currency, "tax_id": tax_id, "payment_terms_days": payment_terms_days, "time_zone": time_zone,
        "street": street, "postcode": postcode, "city": city, "province": province, "version": version,
    }  # fmt: skip
    if insert_new(session, CustomerRef.__table__, {"customer_id": customer_id, **facts}, "customer_id"):
        return
    query = locked(select(CustomerRef).where(CustomerRef.customer_id == customer_id), CustomerRef)
    known = session.scalars(query).one()
    if known.version < version:
        for fact, value in facts.items():
            setattr(known, fact, value)


def know_sandbox(session: Session, *, customer_id: UUID, sandbox_id: UUID, sandbox: dict[str, Any]) -> None:
    """Note a customer's sandbox: it is charged like any customer, and invoiced never."""
    know_customer(session, **fitted(know_customer, sandbox))
    session.get_one(CustomerRef, sandbox_id).sandbox_of = customer_id


def forget_sandbox(session: Session, *, sandbox_id: UUID) -> None:
    """Forget a sandbox that came to nothing; if it is not known, fine."""
    forget_customer(session, customer_id=sandbox_id)


def forget_customer(session: Session, *, customer_id: UUID) -> None:
    """Forget a customer whose onboarding came to nothing; if it is not known, fine."""
    known = session.get(CustomerRef, customer_id)
    if known is not None:
        session.delete(known)
