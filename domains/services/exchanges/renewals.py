"""A term is over: the provider renews, bridges or ends it by itself, and may take its time; we look until it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound, Pending
from domains.kernel.messages import Exchange
from domains.kernel.tenancy import Scope

from ..models import ChangeOutcome, Decision
from ..pricing import term_day
from ..providers import provider
from ..providers.readings import outcome_of
from ..queries.subscriptions import find

ASK_AGAIN = 600.0  # seconds; a provider may take a day to renew


@dataclass(frozen=True)
class Awaited:
    """How the subscription stands once its term was over; None: the provider does not know it."""

    look: ChangeOutcome | None


@dataclass(frozen=True)
class _Asked:
    """Which subscription, and the last day of the term that is over; None: nothing is waited for."""

    provider_subscription_id: str
    over: date | None


def _intend(session: Session, *, subscription_id: UUID) -> _Asked:
    found = find(session, Scope.system("take over a renewal"), subscription_id)
    if found.provider_subscription_id is None:
        raise NotFound("This subscription was never set up at the provider.", code="not_at_provider")
    query = select(Decision.term_end).where(Decision.subscription_id == subscription_id, Decision.settled_at.is_(None))
    last = session.scalars(query.order_by(Decision.term_end.desc())).first()
    over = last if last is not None and last < term_day(clock.business_now(session)) else None
    return _Asked(found.provider_subscription_id, over)


def _call(asked: _Asked, asked_before: bool) -> ChangeOutcome | None:
    ours = provider()
    held = ours.get_subscription(asked.provider_subscription_id)
    if held is None:
        return None
    found = outcome_of(held, ours.get_policy(held.id))
    if asked.over is not None and found.state == "active" and found.valid_to <= asked.over:
        raise Pending("provider", retry_after=ASK_AGAIN)
    return found


def _record(session: Session, answer: ChangeOutcome | None, *, subscription_id: UUID) -> Awaited:
    return Awaited(answer)


await_renewal = Exchange("services.await_renewal", _intend, _call, _record)
