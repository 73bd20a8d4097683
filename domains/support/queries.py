"""Reading cases, what was said in them and what they are about."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session

from domains.kernel.database import locked
from domains.kernel.errors import NotFound
from domains.kernel.paging import Page, page
from domains.kernel.searching import holds
from domains.kernel.tenancy import Scope

from .models import OPEN, PUT_AWAY, Attachment, Case, Link, Reference, Reply


def get(session: Session, scope: Scope, case_id: UUID, *, for_change: bool = False) -> Case:
    """One case of the caller's; NotFound for any other. `for_change` locks it."""
    query = select(Case).where(Case.id == case_id, scope.covers(Case))
    case: Case | None = session.scalars(locked(query, Case) if for_change else query).one_or_none()
    if case is None:
        raise NotFound("There is no such case.", code="case_not_found", field="case_id")
    return case


def list_cases(
    session: Session,
    scope: Scope,
    *,
    status: str | None = None,
    customer_id: UUID | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Case]:
    """The caller's cases, newest first. `status` is one of a case's, or `unsolved` for all that are not resolved."""
    filters = {"status": status, "customer_id": customer_id, "q": q}
    query = select(Case).where(scope.covers(Case))
    if status == "unsolved":
        query = query.where(Case.status.in_(OPEN))
    elif status:
        query = query.where(Case.status == status)
    if customer_id is not None:
        query = query.where(Case.customer_id == customer_id)
    if q:
        words = q.lower()
        number = holds(func.lower(Case.number), words)
        query = query.where(or_(holds(func.lower(Case.subject), words), number))
    return page(session, query, Case.id, cursor=cursor, limit=limit, filters=filters)


def list_replies(
    session: Session,
    scope: Scope,
    case_id: UUID,
    *,
    internal: bool = False,
    cursor: str | None = None,
    limit: int = 200,
) -> Page[Reply]:
    """What was said in a case, newest first. Notes among staff are there only when `internal`."""
    get(session, scope, case_id)
    query = select(Reply).where(Reply.case_id == case_id, scope.covers(Reply))
    if not internal:
        query = query.where(Reply.internal == false())
    filters = {"case_id": case_id, "internal": internal}
    return page(session, query, Reply.id, cursor=cursor, limit=limit, filters=filters)


def links_of(session: Session, scope: Scope, case_id: UUID) -> list[Link]:
    """What a case is about."""
    get(session, scope, case_id)
    return list(session.scalars(select(Link).where(Link.case_id == case_id).order_by(Link.kind, Link.target_id)))


def attachments_of(session: Session, scope: Scope, case_id: UUID) -> list[Attachment]:
    """The files of a case, oldest first, without their contents."""
    get(session, scope, case_id)
    query = select(Attachment).where(Attachment.case_id == case_id, Attachment.state != PUT_AWAY)
    query = query.where(scope.covers(Attachment)).order_by(Attachment.id)
    return list(session.scalars(query))


def open_count(session: Session, scope: Scope) -> int:
    """How many of the caller's cases are not resolved."""
    return session.scalar(select(func.count()).select_from(Case).where(scope.covers(Case), Case.status.in_(OPEN))) or 0


def reference(session: Session, scope: Scope, kind: str, id: UUID) -> Reference:
    """Something a case can be about; NotFound when it is not the caller's."""
    query = select(Reference).where(Reference.id == id, Reference.kind == kind, scope.covers(Reference))
    found: Reference | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such thing that a case can be about.", code="link_not_found", field="links")
    return found
