"""What a subscription can become: the plans it may change to now, and what its next term begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.tenancy import Scope

from ..models import Subscription
from ..models.actions import action_on
from ..models.checks import may_end_on
from ..models.standing import Action, Standing
from ..pricing import FOREVER, NextTerm
from .plans import PlanOffer, plans_next, plans_now
from .subscriptions import find, standing_of

MOST = 200  # so many other subscriptions are looked at


@dataclass(frozen=True)
class Planning:
    """What is planned for the next term, when that begins, whether it can be planned, and the plans to choose from."""

    id: UUID
    version: int
    scheduled: NextTerm | None
    begins_on: date | None
    allowed: Action
    plans: tuple[PlanOffer, ...]


def planning_of(session: Session, scope: Scope, subscription_id: UUID) -> Planning:
    """What is and what can be planned for a subscription's next term. Refuses one that is not in scope."""
    at = _standing(session, scope, subscription_id)
    begins, allowed = at.renews_at, action_on(at, "schedule_change")
    plans = plans_next(session, scope, at) if allowed.enabled else ()
    row = at.subscription
    return Planning(row.id, row.version, at.next_term, begins.date() if begins else None, allowed, plans)


def plan_offers(session: Session, scope: Scope, subscription_id: UUID) -> tuple[PlanOffer, ...]:
    """The plans that a subscription can change to now, at today's prices; none while it can change to none."""
    at = _standing(session, scope, subscription_id)
    return plans_now(session, scope, at) if action_on(at, "change_plan").enabled else ()


def _standing(session: Session, scope: Scope, subscription_id: UUID) -> Standing:
    return standing_of(session, scope, find(session, scope, subscription_id))


@dataclass(frozen=True)
class Named:
    """Another subscription, by its name."""

    id: UUID
    name: str


@dataclass(frozen=True)
class CoTerm:
    """A day on which this subscription and others of its account could end together."""

    valid_to: date
    subscriptions: tuple[Named, ...]  # the oldest first


def co_terms(session: Session, scope: Scope, subscription_id: UUID) -> tuple[CoTerm, ...]:
    """The last days of other active subscriptions of the same account that this one may be extended to.

    They are days that the provider allows, never days that we reckon. Refuses a subscription that is not in scope.
    """
    at = _standing(session, scope, subscription_id)
    if not action_on(at, "extend").enabled:
        return ()
    row = at.subscription
    query = select(Subscription.id, Subscription.name, Subscription.valid_to).where(
        scope.covers(Subscription), Subscription.account_id == row.account_id, Subscription.state == "active",
        Subscription.id != row.id, Subscription.valid_to > row.valid_to,
    )  # fmt: skip
    found: dict[date, list[Named]] = {}
    for other in session.execute(query.order_by(Subscription.valid_to, Subscription.id).limit(MOST)):
        if other.valid_to != FOREVER and may_end_on(at, other.valid_to):
            found.setdefault(other.valid_to, []).append(Named(other.id, other.name))
    return tuple(CoTerm(day, tuple(others)) for day, others in found.items())
