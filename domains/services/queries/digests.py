"""What stands open in the drift inbox, summed up for each customer on the morning of its accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Drift

MORNING = (8, 10)  # hours of the account's day between which its owners are written to


@dataclass(frozen=True)
class Digest:
    """That a customer has drift that waits, in accounts whose day is `day` in `zone`, where it is morning."""

    customer_id: UUID
    reseller_id: UUID | None
    zone: str
    day: date


def digests_due(session: Session, scope: Scope) -> list[Digest]:
    """The customers in scope with drift that waits for somebody, in accounts where it is morning now."""
    columns = (Drift.customer_id, Drift.reseller_id, AccountRef.time_zone)
    query = select(*columns).join(AccountRef, AccountRef.id == Drift.account_id)
    rows = session.execute(query.where(scope.covers(Drift), Drift.state == "open").distinct())
    now = clock.business_now(session)
    found = [
        Digest(customer_id, reseller_id, zone, clock.local_day(now, zone))
        for customer_id, reseller_id, zone in rows if is_morning(now, zone)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.customer_id, one.zone))


def is_morning(now: datetime, zone: str) -> bool:
    """Whether it is the time of day at which owners are written to."""
    first, after = MORNING
    return first <= now.astimezone(ZoneInfo(zone)).hour < after


def waiting_drift(session: Session, *, customer_id: UUID, zone: str) -> list[Drift]:
    """A customer's drift that waits for somebody, in accounts of a time zone, by account and name."""
    query = select(Drift).join(AccountRef, AccountRef.id == Drift.account_id)
    query = query.where(Drift.customer_id == customer_id, Drift.state == "open", AccountRef.time_zone == zone)
    found: Iterable[Drift] = session.scalars(query.order_by(Drift.account_name, Drift.name, Drift.id))
    return list(found)
