"""Reading charges: one by one, and by the month."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.money import Money
from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from .models import Charge, CustomerRef


@dataclass(frozen=True)
class MonthCost:
    """What a month cost, net; `month` is its first day."""

    month: date
    amount: Money


def list_charges(
    session: Session,
    scope: Scope,
    *,
    account_id: UUID | None = None,
    subscription_id: UUID | None = None,
    customer_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Charge]:
    """The caller's charges, newest first."""
    filters = {"account_id": account_id, "subscription_id": subscription_id, "customer_id": customer_id}
    query = select(Charge).where(scope.covers(Charge))
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(Charge, name) == value)
    return page(session, query, Charge.id, cursor=cursor, limit=limit, filters=filters)


def costs_by_month(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    account_id: UUID | None = None,
    currency: str | None = None,
    months: int = 12,
) -> dict[str, list[MonthCost]]:
    """What the last months cost by currency, oldest first; a month without charges is there with zero.

    The running month is that of the customer's own calendar (of several customers: that of who asks).
    """
    wanted = _months(_today(session, scope, customer_id), months)
    query = select(Charge.currency, Charge.effective_on, func.sum(Charge.amount_minor)).where(
        scope.covers(Charge), Charge.effective_on >= wanted[0]
    )
    for column, value in (
        (Charge.customer_id, customer_id),
        (Charge.account_id, account_id),
        (Charge.currency, currency),
    ):
        if value is not None:
            query = query.where(column == value)
    sums: dict[str, dict[date, int]] = defaultdict(lambda: dict.fromkeys(wanted, 0))
    for code, day, minor in session.execute(query.group_by(Charge.currency, Charge.effective_on)):
        if day.replace(day=1) in sums[code]:
            sums[code][day.replace(day=1)] += int(minor)
    return {
        code: [MonthCost(month, Money.from_minor(minor, code)) for month, minor in found.items()]
        for code, found in sorted(sums.items())
    }


def _today(session: Session, scope: Scope, customer_id: UUID | None) -> date:
    whose = customer_id or scope.customer_id
    known = customer_ref(session, scope, whose) if whose is not None else None
    return clock.local_day(clock.business_now(session), known.time_zone if known is not None else "UTC")


def _months(today: date, count: int) -> list[date]:
    index = today.year * 12 + today.month - 1
    return [date(i // 12, i % 12 + 1, 1) for i in range(index - count + 1, index + 1)]


def customer_ref(session: Session, scope: Scope, customer_id: UUID) -> CustomerRef | None:
    """What is known here of a customer of the caller's, if anything."""
    found: CustomerRef | None = session.get(CustomerRef, customer_id)
    return found if found is not None and scope.allows(found.customer_id, found.reseller_id) else None
