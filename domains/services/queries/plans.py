"""Other plans for a subscription: which ones the provider allows, at our prices, and what a change to one costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.errors import Invalid, NotFound, Refused
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import Scope

from ..models import Offer, OfferPlan, PlanChoice, Subscription
from ..models.actions import out_of_range
from ..models.standing import Standing
from ..pricing import (
    MONTHLY,
    ONE_TIME,
    ChangeWish,
    NextTerm,
    PlanTerms,
    added_commitment,
    charge_day,
    last_day,
    paid_for,
    rest_of_period,
    term_day,
)
from .catalogue import Market, market_of


@dataclass(frozen=True)
class PlanOffer:
    """A plan that a subscription can change to. `unit_price` is per unit and billing cycle, at today's prices."""

    offer_id: UUID
    name: str
    vendor: str
    kind: str
    unit: str
    unit_price: UnitPrice
    policy: dict[str, Any]
    choice: PlanChoice
    payer_price: UnitPrice | None = None

    @property
    def term(self) -> str:
        return self.choice.term

    @property
    def billing_cycle(self) -> str:
        return self.choice.billing_cycle

    @property
    def key(self) -> tuple[UUID, str, str]:
        """What makes it this plan and no other."""
        return self.offer_id, self.choice.term, self.choice.billing_cycle


def plans_now(session: Session, scope: Scope, at: Standing) -> tuple[PlanOffer, ...]:
    """The plans that a subscription can change to during its term; those that we have no price for are left out."""
    return _priced(session, scope, at, at.policy.transitions)


def plans_next(session: Session, scope: Scope, at: Standing) -> tuple[PlanOffer, ...]:
    """The plans that the next term can begin with."""
    row, wanted = at.subscription, set(at.policy.renewal_offers)
    query = select(Offer, OfferPlan).join(OfferPlan, OfferPlan.offer_id == Offer.id)
    query = query.where(Offer.provider == row.provider, Offer.provider_offer_id.in_(wanted))
    query = query.where(OfferPlan.currency == row.currency, OfferPlan.term != ONE_TIME)
    found = session.execute(query.order_by(Offer.min_quantity, Offer.name, OfferPlan.position)) if wanted else ()
    choices = [
        PlanChoice(offer.provider_offer_id, plan.term, plan.billing_cycle, "renewal", True, True, offer.min_quantity,
                   offer.max_quantity)
        for offer, plan in found
    ]  # fmt: skip
    return _priced(session, scope, at, choices)


def _priced(session: Session, scope: Scope, at: Standing, choices: Iterable[PlanChoice]) -> tuple[PlanOffer, ...]:
    row, wanted = at.subscription, {one.provider_offer_id for one in choices}
    if not wanted:
        return ()
    market = market_of(session, scope, account_id=row.account_id)
    query = select(Offer).where(Offer.provider == row.provider, Offer.provider_offer_id.in_(wanted))
    offers = {one.provider_offer_id: one for one in session.scalars(query) if _is_sold(one, market)}
    ids = [one.id for one in offers.values()]
    sold = select(OfferPlan).where(OfferPlan.offer_id.in_(ids), OfferPlan.currency == row.currency)
    plans = {(one.offer_id, one.term, one.billing_cycle): one for one in session.scalars(sold)}
    found = []
    for choice in choices:
        offer = offers.get(choice.provider_offer_id)
        plan = plans.get((offer.id, choice.term, choice.billing_cycle)) if offer else None
        price = market.priced(offer, plan, row.quantity) if plan else None
        if offer is not None and price is not None:
            facts = {"name": offer.name, "vendor": offer.vendor, "kind": offer.kind, "unit": offer.unit}
            found.append(
                PlanOffer(
                    offer_id=offer.id,
                    unit_price=price.unit_price,
                    payer_price=price.payer_price,
                    policy=dict(offer.policy),
                    choice=choice,
                    **facts,
                )
            )
    return tuple(found)


def _is_sold(offer: Offer, market: Market) -> bool:
    return offer.is_sold_on(market.term_day) and (not market.country or offer.is_sold_in(market.country))


def chosen(
    plans: Iterable[PlanOffer], row: Subscription, offer_id: UUID | None, term: str | None, billing_cycle: str | None
) -> PlanOffer:
    """The plan that is asked for; what is left out is as it is now, or else as it is offered first.

    Refuses a plan that is not offered. Nothing at all is no choice.
    """
    offered = sorted(plans, key=lambda one: _differs(one, row))
    if offer_id is None and term is None and billing_cycle is None:
        raise Invalid("Choose a plan: an offer, a term or a billing cycle.", code="plan_missing", field="offer_id")
    if offer_id is not None and all(one.offer_id != offer_id for one in offered):
        raise NotFound("There is no such offer to change to.", code="offer_not_found", field="offer_id")
    for one in offered:
        if offer_id in (None, one.offer_id) and term in (None, one.term) and billing_cycle in (None, one.billing_cycle):
            return one
    said = tuple(f"{one.name}, {one.term}, {one.billing_cycle}" for one in offered[:4])
    raise Refused("That plan is not offered. Possible are: %(plans)s.", code="plan_not_offered", field="term",
                  plans=said)  # fmt: skip


def _differs(plan: PlanOffer, row: Subscription) -> int:
    """In how much a plan is not the one that there is."""
    return sum((plan.offer_id != row.offer_id, plan.term != row.term, plan.billing_cycle != row.billing_cycle))


def checked_quantity(plan: PlanOffer, quantity: int, least: int = 1) -> int:
    """A quantity that a plan is sold in; refused otherwise."""
    least, most = max(plan.choice.min_quantity, least), plan.choice.max_quantity
    if quantity < least or (most is not None and quantity > most):
        raise out_of_range(least, most, "quantity")
    return quantity


def plan_terms(at: Standing, plan: PlanOffer, quantity: int) -> PlanTerms:
    """What a change to a plan today costs and gives back, exact to the day.

    The days from today that the plan before was charged for come back; the new plan is charged for its own. Without a
    term of its own it is paid for until the same day as the one before.
    """
    row, cycle = at.subscription, plan.billing_cycle
    first = term_day(at.now) if plan.choice.new_term else row.valid_from
    day = max(charge_day(at.now, at.today, cycle), first)
    valid_to = last_day(first, plan.term) if plan.choice.new_term else row.valid_to
    same = cycle == row.billing_cycle and not plan.choice.new_term
    span: dict[str, Any] = {"first": first, "valid_to": valid_to, "billing_cycle": cycle}
    span["paid_until"] = row.paid_until if same else None
    return PlanTerms(
        offer_id=plan.offer_id, provider_offer_id=plan.choice.provider_offer_id, name=plan.name, vendor=plan.vendor,
        kind=plan.kind, unit=plan.unit, term=plan.term, billing_cycle=cycle, unit_price=plan.unit_price,
        cycle_price=plan.unit_price.times(quantity), charge=rest_of_period(plan.unit_price, quantity, day=day, **span),
        refund=_charged_before(at), charged_until=paid_for(day, **span), valid_from=first,
        valid_to=valid_to, step=plan.choice.kind, new_term=plan.choice.new_term,
        reopens_window=plan.choice.reopens_window, policy=plan.policy,
        payer_price=plan.payer_price,
    )  # fmt: skip


def _charged_before(at: Standing) -> Money:
    row = at.subscription
    return rest_of_period(
        row.unit_price, row.quantity, day=at.charged_on, first=row.valid_from, valid_to=row.valid_to,
        billing_cycle=row.billing_cycle, paid_until=row.paid_until,
    )  # fmt: skip


def monthly(price: UnitPrice, quantity: int, billing_cycle: str) -> Money:
    """What a month costs of what is billed monthly; nothing otherwise."""
    return price.times(quantity) if billing_cycle == MONTHLY else Money.zero(price.currency)


def committed(plan: PlanTerms, quantity: int) -> Money:
    """What a plan costs from its change to its last day."""
    span = {"first": plan.valid_from, "valid_to": plan.charged_until, "until": plan.valid_to}
    later = added_commitment(plan.unit_price, quantity, billing_cycle=plan.billing_cycle, **span)
    return plan.charge + later if plan.charged_until < plan.valid_to else plan.charge


def whole_term(price: UnitPrice, quantity: int, first: date, term: str, billing_cycle: str) -> Money:
    """What a term that begins on a day costs from its first day to its last."""
    span = {"first": first, "valid_to": first - timedelta(days=1), "until": last_day(first, term)}
    return added_commitment(price, quantity, billing_cycle=billing_cycle, **span)


def next_term(
    session: Session, scope: Scope, at: Standing, wish: ChangeWish
) -> tuple[NextTerm, UnitPrice, int, str, date]:
    """What the next term shall begin with: (that, its price, its quantity, its billing cycle, its first day).

    Refuses a plan that the provider does not offer for it, a quantity that it is not sold in, and what changes nothing.
    """
    row, plans = at.subscription, plans_next(session, scope, at)
    asked = (wish.offer_id or row.offer_id, wish.term or row.term, wish.billing_cycle or row.billing_cycle)
    if wish.offer_id is None and wish.term is None and wish.billing_cycle is None:
        plan = next((one for one in plans if one.key == asked), None)
    else:
        plan = chosen(plans, row, wish.offer_id or row.offer_id, wish.term, wish.billing_cycle)
    quantity = wish.quantity if wish.quantity is not None else row.quantity
    if plan is not None:
        checked_quantity(plan, quantity)
    elif quantity < at.policy.min_quantity or (at.policy.max_quantity or quantity) < quantity:
        raise out_of_range(at.policy.min_quantity, at.policy.max_quantity, "quantity")
    begins = row.valid_to + timedelta(days=1)
    if plan is None:
        return _as_planned(row, quantity, None), row.unit_price, quantity, row.billing_cycle, begins
    return _as_planned(row, quantity, plan), plan.unit_price, quantity, plan.billing_cycle, begins


def _as_planned(row: Subscription, quantity: int, plan: PlanOffer | None) -> NextTerm:
    """Only what differs from how it is now."""
    other = plan is not None and plan.offer_id != row.offer_id
    found = NextTerm(
        quantity=quantity if quantity != row.quantity else None,
        provider_offer_id=plan.choice.provider_offer_id if plan is not None and other else None,
        term=plan.term if plan is not None and plan.term != row.term else None,
        billing_cycle=plan.billing_cycle if plan is not None and plan.billing_cycle != row.billing_cycle else None,
        offer_id=plan.offer_id if plan is not None and other else None,
        name=plan.name if plan is not None and other else None,
    )  # fmt: skip
    if found == NextTerm():
        raise Invalid(
            "Say what shall be another thing from the next term on.", code="nothing_planned", field="quantity"
        )
    return found
