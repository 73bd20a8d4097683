"""What a subscription can become: the plans it may change to now, and what its next term begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.tenancy import Scope

from ..models.actions import action_on
from ..models.standing import Action, Standing
from ..pricing import NextTerm
from .plans import PlanOffer, plans_next, plans_now
from .subscriptions import find, standing_of


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
