"""Reading people, programs and the organisations they belong to."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel.errors import NotFound
from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from .models import ApiClient, Membership, Organisation, User


def get_user(session: Session, scope: Scope, user_id: UUID) -> User:
    """One person who is a member of a customer the caller may see; NotFound for any other."""
    member = select(Membership.user_id).where(Membership.user_id == user_id, scope.covers(Membership))
    found: User | None = session.scalars(select(User).where(User.id.in_(member))).one_or_none()
    if found is None:
        raise NotFound("There is no such user.", code="user_not_found", field="user_id")
    return found


def list_users(
    session: Session, scope: Scope, *, customer_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[tuple[User, Membership]]:
    """People with their memberships of customers that the caller may see, newest first."""
    query = select(Membership).where(scope.covers(Membership))
    if customer_id is not None:
        query = query.where(Membership.customer_id == customer_id)
    found = page(session, query, Membership.id, cursor=cursor, limit=limit, filters={"customer_id": customer_id})
    ids = [one.user_id for one in found.items]
    people = {one.id: one for one in session.scalars(select(User).where(User.id.in_(ids)))}
    return Page([(people[one.user_id], one) for one in found.items], found.next_cursor)


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
        query = query.where(func.lower(Organisation.name).contains(q.lower(), autoescape=True))
    return list(session.scalars(query.order_by(Organisation.name, Organisation.customer_id).limit(limit)))


def list_clients(session: Session, scope: Scope, *, customer_id: UUID | None = None) -> list[ApiClient]:
    """Programs of customers that the caller may see."""
    query = select(ApiClient).where(scope.covers(ApiClient))
    if customer_id is not None:
        query = query.where(ApiClient.customer_id == customer_id)
    return list(session.scalars(query.order_by(ApiClient.id).limit(200)))
