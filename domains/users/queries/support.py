"""Whom customers let in to help them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel.errors import N_ as N_
from domains.kernel.errors import NotFound
from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from ..models import (
    SupportGrant,
    SupportUse,
)


def is_live(grant: SupportGrant, now: datetime) -> bool:
    """Whether staff may act under a support access."""
    return grant.state == "granted" and grant.expires_at is not None and grant.expires_at > now


def list_grants(
    session: Session, scope: Scope, *, customer_id: UUID | None = None, asked_by: UUID | None = None,
    cursor: str | None = None, limit: int = 50,
) -> Page[SupportGrant]:  # fmt: skip
    """Support access that was asked for or given, newest first; for staff with `asked_by` what they may use."""
    query = select(SupportGrant).where(scope.covers(SupportGrant))
    if customer_id is not None:
        query = query.where(SupportGrant.customer_id == customer_id)
    if asked_by is not None:
        query = query.where(or_(SupportGrant.asked_by.is_(None), SupportGrant.asked_by == asked_by))
    filters = {"customer_id": customer_id, "asked_by": asked_by}
    return page(session, query, SupportGrant.id, cursor=cursor, limit=limit, filters=filters)


def get_grant(session: Session, scope: Scope, grant_id: UUID) -> SupportGrant:
    """One support access; NotFound for another's."""
    query = select(SupportGrant).where(SupportGrant.id == grant_id, scope.covers(SupportGrant))
    found: SupportGrant | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such support access.", code="support_grant_not_found", field="grant")
    return found


def uses_of(session: Session, scope: Scope, grant_ids: list[UUID]) -> dict[UUID, list[SupportUse]]:
    """Who began to act under which access, oldest first."""
    query = select(SupportUse).where(SupportUse.grant_id.in_(grant_ids), scope.covers(SupportUse))
    found: dict[UUID, list[SupportUse]] = {}
    for use in session.scalars(query.order_by(SupportUse.id)):
        found.setdefault(use.grant_id, []).append(use)
    return found
