"""Reading accounts: one, many, what was held for them, and what is known of their customers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import locked
from domains.kernel.errors import NotFound
from domains.kernel.paging import Page, page
from domains.kernel.searching import holds
from domains.kernel.tenancy import Scope

from ..models import LIVE, Account, CustomerRef, Reservation


def get(session: Session, scope: Scope, account_id: UUID, *, for_change: bool = False) -> Account:
    """One account of the caller's; NotFound for any other. `for_change` locks it."""
    query = select(Account).where(Account.id == account_id, scope.covers(Account))
    account: Account | None = session.scalars(locked(query, Account) if for_change else query).one_or_none()
    if account is None:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    return account


def list_accounts(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    status: str | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Account]:
    """The caller's accounts, newest first; discarded ones are left out unless asked for by status."""
    filters = {"customer_id": customer_id, "status": status, "q": q}
    query = select(Account).where(scope.covers(Account))
    query = query.where(Account.status == status) if status else query.where(Account.status.in_(LIVE))
    if customer_id is not None:
        query = query.where(Account.customer_id == customer_id)
    if q:
        query = query.where(holds(func.lower(Account.name), q.lower()))
    return page(session, query, Account.id, cursor=cursor, limit=limit, filters=filters)


def month_start(session: Session, customer_id: UUID, back: int = 0) -> datetime:
    """When the running month (or one some months back) began where the customer is."""
    customer = session.get(CustomerRef, customer_id)
    zone = ZoneInfo(customer.time_zone if customer else "UTC")
    today = clock.business_now(session).astimezone(zone).date()
    year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
    return datetime(year, month + 1, 1, tzinfo=zone).astimezone(UTC)


def committed_minor(session: Session, whose: ColumnElement[bool], since: datetime) -> int:
    """Minor units held, or confirmed since a moment, by the reservations that `whose` selects."""
    live = or_(Reservation.state == "held", (Reservation.state == "confirmed") & (Reservation.held_at >= since))
    total = session.scalar(select(func.coalesce(func.sum(Reservation.amount_minor), 0)).where(live, whose))
    return int(total or 0)


def customer_ref(session: Session, scope: Scope, customer_id: UUID) -> CustomerRef:
    """What is known here of a customer of the caller's; NotFound for any other."""
    found = session.get(CustomerRef, customer_id)
    if found is None or not scope.allows(found.customer_id, found.reseller_id):
        raise NotFound("There is no such customer.", code="customer_not_found", field="customer_id")
    return found
