"""A case about something that was done directly at the provider: opened with the evidence, for whoever decided so."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.tenancy import Actor, Scope

from ..models import Reference
from .cases import LinkWish, Person, open_case

LONGEST_SUBJECT = 200


def open_drift_case(
    session: Session, *, case_id: UUID, customer_id: UUID, reseller_id: UUID | None, account_id: UUID,
    subscription_id: UUID, subject: str, evidence: str, settled_by: Person, reason: str | None,
) -> None:  # fmt: skip
    """Open a case that carries the evidence of a drift, linked to what we know of it. The same id is the same case."""
    wished = [("subscription", subscription_id), ("account", account_id)]
    query = select(Reference.kind, Reference.id).where(
        Reference.id.in_([id for _kind, id in wished]), Reference.customer_id == customer_id
    )
    known = {(row.kind, row.id) for row in session.execute(query)}
    links = [LinkWish(kind, id) for kind, id in wished if (kind, id) in known]
    said = "\n\n".join(part for part in ((reason or "").strip(), evidence) if part)
    actor = Actor("user" if settled_by.user_id else "client", str(settled_by.user_id or ""), settled_by.name)
    open_case(
        session, case_id=case_id, scope=Scope.customer(customer_id), customer_id=customer_id, reseller_id=reseller_id,
        subject=subject[:LONGEST_SUBJECT], description=said, impact="normal", account_id=None, links=links,
        opened_by=actor,
    )  # fmt: skip
