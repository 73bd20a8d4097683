"""What the clock asks for: terms that are over and not followed up, and open decisions to be reminded of."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Decision, Subscription
from ..models.decisions import RUNNING
from ..models.reminders import due


def zone_of(session: Session, account_id: UUID) -> str:
    """The time zone that an account's days are counted in."""
    account = session.get(AccountRef, account_id)
    return account.time_zone if account is not None else "UTC"


def reckoned(session: Session, kept: Decision) -> tuple[datetime, str, date]:
    """What a decision's reminders go by: its deadline, the zone of its days, and the first day of its term."""
    return kept.deadline, zone_of(session, kept.account_id), kept.term_first


def renewals_due(
    session: Session, scope: Scope, today: date, *, limit: int = 500
) -> list[tuple[Subscription, date]]:  # fmt: skip
    """Subscriptions whose term was over before `today` and of which not all is done that follows, each with that term's
    last day, those that were not looked at for longest first."""
    over = Decision.settled_at.is_(None) & (Decision.term_end < today)
    followed = Decision.settled_at.is_not(None) & Decision.finished_at.is_(None)
    theirs = Subscription.id == Decision.subscription_id
    query = (
        select(Subscription, Decision.term_end)
        .join(Decision, theirs)
        .where(scope.covers(Subscription), or_(over, followed))
    )
    query = query.where(Subscription.open_change_id.is_(None), Subscription.provider_subscription_id.is_not(None))
    query = query.where(or_(followed, Subscription.state.in_(RUNNING)))
    found: dict[UUID, tuple[Subscription, date]] = {}
    ordered = query.order_by(Subscription.looked_at, Subscription.id, Decision.term_end)
    for row, last in session.execute(ordered.limit(limit)):
        found.setdefault(row.id, (row, last))
    return list(found.values())


def reminders_due(session: Session, scope: Scope, *, limit: int = 200) -> list[tuple[Decision, int]]:
    """Open decisions in scope of which somebody is to be reminded now, with the rung, the longest due first."""
    now = clock.business_now(session)
    query = select(Decision).where(scope.covers(Decision), Decision.next_reminder_at <= now)
    found = session.scalars(query.order_by(Decision.next_reminder_at, Decision.id).limit(limit))
    rungs = [(kept, due(*reckoned(session, kept), now, kept.reminded)) for kept in found]
    return [(kept, rung or 0) for kept, rung in rungs]
