"""A term is over: the provider renews, bridges or ends it by itself, and may take its time; we look until it has.

What a look finds, and does where we keep the dates ourselves, is that of any other look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import Pending
from domains.kernel.messages import Exchange

from ..models import ChangeOutcome, Decision
from ..pricing import term_day
from .looks import look_at_subscription

ASK_AGAIN = 600.0  # seconds; a provider may take a day to renew


@dataclass(frozen=True)
class Awaited:
    """How the subscription stands once its term was over; None: the provider does not know it."""

    look: ChangeOutcome | None


@dataclass(frozen=True)
class _Asked:
    """What to look at, and the last day of the term that is over; None: nothing is waited for."""

    wanted: Any
    over: date | None


def _intend(session: Session, *, subscription_id: UUID) -> _Asked:
    wanted = look_at_subscription.intend(session, subscription_id=subscription_id)
    query = select(Decision.term_end).where(Decision.subscription_id == subscription_id, Decision.settled_at.is_(None))
    last = session.scalars(query.order_by(Decision.term_end.desc())).first()
    over = last if last is not None and last < term_day(clock.business_now(session)) else None
    return _Asked(wanted, over)


def _call(asked: _Asked, asked_before: bool) -> ChangeOutcome | None:
    found: ChangeOutcome | None = look_at_subscription.call(asked.wanted, asked_before)
    if found is not None and asked.over is not None and found.state == "active" and found.valid_to <= asked.over:
        raise Pending("provider", retry_after=ASK_AGAIN)
    return found


def _record(session: Session, answer: ChangeOutcome | None, *, subscription_id: UUID) -> Awaited:
    return Awaited(answer)


await_renewal = Exchange("services.await_renewal", _intend, _call, _record)
