"""The few facts about customers that accounts decide on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.database import insert_new, locked
from domains.kernel.messages import fitted
from domains.kernel.money import Money

from ..models import CustomerRef


def know_customer(
    session: Session,
    *,
    customer_id: UUID,
    reseller_id: UUID | None,
    kind: str,
    name: str,
    status: str,
    currency: str,
    country: str,
    region: str,
    time_zone: str,
    credit_limit: Money | None,
    price_book: str,
    version: int = 1,
) -> None:
    """Note what accounts need to know of a customer; facts older than those known are left aside."""
    facts: dict[str, Any] = {
        "reseller_id": reseller_id, "kind": kind, "name": name, "status": status, "currency": currency,
        "country": country, "region": region, "time_zone": time_zone, "price_book": price_book, "version": version,
        "credit_minor": credit_limit.minor if credit_limit else None,
    }  # fmt: skip
    if insert_new(session, CustomerRef.__table__, {"customer_id": customer_id, **facts}, "customer_id"):
        return
    known = locked_customer(session, customer_id)
    if known is not None and known.version < version:
        for name_, value in facts.items():
            setattr(known, name_, value)


def know_sandbox(session: Session, *, sandbox_id: UUID, sandbox: dict[str, Any]) -> None:
    """Note a customer's sandbox like any customer."""
    know_customer(session, **fitted(know_customer, sandbox))


def forget_sandbox(session: Session, *, sandbox_id: UUID) -> None:
    """Forget a sandbox that came to nothing; if it is not known, fine."""
    forget_customer(session, customer_id=sandbox_id)


def forget_customer(session: Session, *, customer_id: UUID) -> None:
    """Forget a customer whose onboarding came to nothing; if it is not known, fine."""
    known = session.get(CustomerRef, customer_id)
    if known is not None:
        session.delete(known)


def locked_customer(session: Session, customer_id: UUID) -> CustomerRef | None:
    """What is known of a customer, locked until the transaction ends."""
    query = locked(select(CustomerRef).where(CustomerRef.customer_id == customer_id), CustomerRef)
    return session.scalars(query).one_or_none()
