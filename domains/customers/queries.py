"""Reading customers."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel.database import locked
from domains.kernel.errors import NotFound, Refused
from domains.kernel.paging import Page, page
from domains.kernel.searching import holds
from domains.kernel.tenancy import Scope

from .models import LIVE, Customer, Sandbox


def get(session: Session, scope: Scope, customer_id: UUID, *, for_change: bool = False) -> Customer:
    """One customer that the caller is or manages; NotFound for any other. `for_change` locks it."""
    query = select(Customer).where(Customer.id == customer_id, scope.covers(Customer))
    found: Customer | None = session.scalars(locked(query, Customer) if for_change else query).one_or_none()
    if found is None:
        raise NotFound("There is no such customer.", code="customer_not_found", field="customer_id")
    return found


def list_customers(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    kind: str | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Customer]:
    """The customers that the caller is or manages, newest first; those that came to nothing are left out."""
    query = select(Customer).where(scope.covers(Customer), Customer.status != "closed")
    if customer_id is not None:
        query = query.where(Customer.id == customer_id)
    if kind:
        query = query.where(Customer.kind == kind)
    if q:
        query = query.where(holds(func.lower(Customer.name), q.lower()))
    filters = {"customer_id": customer_id, "kind": kind, "q": q}
    return page(session, query, Customer.id, cursor=cursor, limit=limit, filters=filters)


def own_sandbox(session: Session, scope: Scope, customer_id: UUID) -> Sandbox | None:
    """The sandbox of a live customer that the caller is or manages, if there is one."""
    query = select(Sandbox).where(Sandbox.customer_id == customer_id, scope.covers(Sandbox))
    found: Sandbox | None = session.scalars(query).one_or_none()
    return found


def sandboxes(session: Session, scope: Scope, customer_id: UUID) -> list[Customer]:
    """The customer itself where that is a sandbox; nothing for a live one."""
    query = select(Customer).where(Customer.id == customer_id, scope.covers(Customer), Customer.sandbox_of.is_not(None))
    return list(session.scalars(query))


def clocks_ahead(session: Session, scope: Scope) -> list[tuple[UUID, int]]:
    """The sandboxes in scope whose clock runs ahead of real time, each with by how many seconds."""
    query = select(Customer.id, Customer.clock_ahead).where(scope.covers(Customer), Customer.clock_ahead > 0)
    query = query.where(Customer.sandbox_of.is_not(None), Customer.status == "active").order_by(Customer.id)
    return [(id, ahead) for id, ahead in session.execute(query)]


def get_sandbox(session: Session, scope: Scope, customer_id: UUID) -> Customer:
    """A sandbox that the caller works for. NotFound for a stranger's, Refused for a live customer."""
    found = get(session, scope, customer_id)
    if not found.is_sandbox:
        raise Refused(LIVE, code="not_a_sandbox")
    return found
