"""Sandbox tenants as users know them: whose they are, who is a member at once, and how far their clock is ahead."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import insert_new, locked, new_id

from ..models import Membership, Organisation
from .people import remove_organisation

FACTS = ("kind", "name", "region", "currency")


def add_sandbox(session: Session, *, customer_id: UUID, sandbox_id: UUID, sandbox: dict[str, Any]) -> None:
    """Make a customer's sandbox known here. Whoever owns the customer owns it at once; nobody needs to be invited."""
    facts = {name: sandbox[name] for name in FACTS} | {"sandbox_of": customer_id, "reseller_id": None}
    row = {"customer_id": sandbox_id, "status": "active", "version": 1, **facts}
    if not insert_new(session, Organisation.__table__, row, "customer_id"):
        return
    owners = select(Membership).where(
        Membership.customer_id == customer_id, Membership.role == "owner", Membership.state == "active"
    )
    known = {"customer_id": sandbox_id, "reseller_id": None, "role": "owner", "state": "active", "version": 1}
    for owner in session.scalars(owners):
        session.add(Membership(id=new_id(), user_id=owner.user_id, created_at=clock.now(session), **known))
    audit.record(session, "users.add_sandbox", customer_id=sandbox_id, subject=("customer", sandbox_id))


def remove_sandbox(session: Session, *, sandbox_id: UUID) -> None:
    """Take back a sandbox that came to nothing, with its memberships; if it is not there, fine."""
    remove_organisation(session, customer_id=sandbox_id)


def know_clock(session: Session, *, customer_id: UUID, ahead: int) -> None:
    """Note how far a sandbox's clock is ahead: its callers go by it from their next request on. It never goes back."""
    query = locked(select(Organisation).where(Organisation.customer_id == customer_id), Organisation)
    known = session.scalars(query).one_or_none()
    if known is not None and known.sandbox_of is not None and known.clock_ahead < ahead:
        known.clock_ahead = ahead
