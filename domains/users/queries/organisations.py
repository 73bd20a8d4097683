"""Customers as users know them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel.errors import N_ as N_
from domains.kernel.errors import NotFound
from domains.kernel.searching import holds
from domains.kernel.tenancy import Scope

from ..models import (
    Organisation,
)


def organisation(session: Session, scope: Scope, customer_id: UUID) -> Organisation:
    """One organisation that the caller belongs to or manages; NotFound for any other."""
    query = select(Organisation).where(Organisation.customer_id == customer_id, scope.covers(Organisation))
    found: Organisation | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such customer.", code="customer_not_found", field="customer_id")
    return found


def choices(session: Session, scope: Scope, *, q: str | None = None, limit: int = 200) -> list[Organisation]:
    """The organisations that the caller may act for, by name."""
    query = select(Organisation).where(scope.covers(Organisation), Organisation.status == "active")
    if q:
        query = query.where(holds(func.lower(Organisation.name), q.lower()))
    return list(session.scalars(query.order_by(Organisation.name, Organisation.customer_id).limit(limit)))
