"""How a subscription can run longer: to a day of the provider's, by another term, or month by month.

Which of these there are is the provider's data: the days that it lists now, and the ways in which it lets a term end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.errors import N_, Invalid, NotFound, Refused
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import Scope

from ..models.actions import action_on
from .decisions import EndOfTerm, get_end_of_term
from .planned import co_terms
from .subscriptions import find, standing_of

STRATEGIES = {"next_term": "renew", "bridge": "bridge"}  # of the end of a term; `free_date` moves its last day now


@dataclass(frozen=True)
class Extension:
    """One way to run longer: by `strategy` to `end_date`. A `free_date` keeps the price, and its preview says the cost;
    what begins at the end of the term has the price of today, and `cost` is what it commits to (a month of a bridge).

    `together_with` are other subscriptions of the account that end on that day.
    """

    strategy: str
    end_date: date
    unit_price: UnitPrice | None = None
    cost: Money | None = None
    together_with: tuple[UUID, ...] = ()


def list_extensions(session: Session, scope: Scope, subscription_id: UUID) -> tuple[Extension, ...]:
    """Every way in which a subscription can run longer, as the provider allows it now; none is reckoned by us."""
    at = standing_of(session, scope, find(session, scope, subscription_id))
    together = co_terms(session, scope, subscription_id)
    others = {one.valid_to: tuple(other.id for other in one.subscriptions) for one in together}
    dates = {*at.end_dates, *others} if action_on(at, "extend").enabled else set()
    free = [Extension("free_date", day, at.subscription.unit_price, None, others.get(day, ())) for day in sorted(dates)]
    return (*free, *_at_the_end(_decision(session, scope, subscription_id)))


def _decision(session: Session, scope: Scope, subscription_id: UUID) -> EndOfTerm | None:
    try:
        return get_end_of_term(session, scope, subscription_id)
    except NotFound:  # of what was bought once there is no end
        return None


def _at_the_end(it: EndOfTerm | None) -> list[Extension]:
    """By another term, or month by month, while the provider hears of it."""
    if it is None or it.state in ("locked", "settled") or it.open_change_id is not None:
        return []
    ways = {way.mode: way for way in it.ways if way.allowed and way.until is not None}
    found = [(name, ways[mode]) for name, mode in STRATEGIES.items() if mode in ways]
    return [Extension(name, way.until, way.unit_price, way.cost) for name, way in found if way.until is not None]


def at_end_of_term(
    session: Session, scope: Scope, subscription_id: UUID, *, strategy: str, valid_to: date | None
) -> tuple[EndOfTerm, str]:
    """The decision that extends a subscription by a strategy, and the way in which its term then ends.

    Refused when the strategy is not offered now, with those that are; when another day is asked for than it leads to;
    and when the provider goes on in this way as it stands.
    """
    offered = list_extensions(session, scope, subscription_id)
    found = next((one for one in offered if one.strategy == strategy), None)
    if strategy not in STRATEGIES or found is None:
        raise _not_offered(offered, strategy)
    if valid_to not in (None, found.end_date):
        text = N_("In this way it runs to %(day)s: leave the day out, or ask for that one.")
        raise Invalid(text, code="end_date_not_allowed", field="valid_to", day=found.end_date)
    it, mode = get_end_of_term(session, scope, subscription_id), STRATEGIES[strategy]
    if it.if_nothing == mode:
        text = N_("It goes on to %(day)s as it is. Decide so at the end of its term, and nobody is reminded any more.")
        raise Refused(text, code="goes_on_already", field="strategy", day=found.end_date)
    return it, mode


def _not_offered(offered: tuple[Extension, ...], strategy: str) -> Refused:
    """The refusal of a strategy, with what is possible instead."""
    names = tuple(dict.fromkeys(one.strategy for one in offered))
    known: dict[str, Any] = {"code": "strategy_not_offered", "field": "strategy"}
    if not names:
        return Refused("It cannot be extended now in any way.", **known)
    return Refused(
        "“%(strategy)s” is not offered now. Possible are: %(names)s.", **known, strategy=strategy, names=names
    )
