"""The catalogue as a customer sees it: sales prices, never purchase prices, in the currency of an account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, true
from sqlalchemy.orm import Session

from domains.kernel.errors import NotFound
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Scope

from ..models import Offer, OfferPlan
from ..models.questions import Question, questions_of
from ..pricing import PriceBasis
from .markets import Market as Market
from .markets import Priced
from .markets import market_of as market_of

PLANS_FIRST = ("P1Y", "monthly")  # the plan an offer is shown and ordered with unless another one is asked for


@dataclass(frozen=True)
class Tier:
    """The price of a unit from so many on."""

    from_quantity: int
    unit_price: UnitPrice


@dataclass(frozen=True)
class Plan:
    """One way to buy an offer. `unit_price` is per unit and billing cycle, for the fewest that are sold.

    `list_price` is the provider's for everybody, where it is higher; `tiers` what more of them cost a unit.
    """

    term: str
    billing_cycle: str
    unit_price: UnitPrice
    priced_by: PriceBasis
    list_price: UnitPrice | None = None
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True)
class OfferLink:
    """Another offer that one is needed by, or adds to."""

    id: UUID
    provider_offer_id: str
    name: str


@dataclass(frozen=True)
class OfferView:
    """An offer with everything a buyer asks. `plans` begin with the default; `policy` is the provider's, as data."""

    id: UUID
    provider_offer_id: str
    name: str
    vendor: str
    category: str
    description: str
    kind: str
    unit: str
    min_quantity: int
    max_quantity: int | None
    countries: tuple[str, ...]
    policy: dict[str, Any]
    valid_from: date | None
    valid_to: date | None
    is_sold: bool
    currency: str
    plans: tuple[Plan, ...]
    addon_of: tuple[OfferLink, ...]
    prerequisites: tuple[OfferLink, ...]
    add_ons: tuple[OfferLink, ...]
    version: int

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the provider wants to know with an order of it."""
        return questions_of(self.policy)


def rank(term: str, billing_cycle: str, position: int) -> tuple[bool, int]:
    """The place of a plan among an offer's plans: the default first, then as the provider lists them."""
    return (term, billing_cycle) != PLANS_FIRST, position


def in_order(plans: Iterable[OfferPlan]) -> list[OfferPlan]:
    """An offer's plans of one currency with the default first."""
    return sorted(plans, key=lambda plan: rank(plan.term, plan.billing_cycle, plan.position))


def get_offer(
    session: Session,
    scope: Scope,
    offer_id: UUID,
    *,
    account_id: UUID | None = None,
    currency: str | None = None,
    price_book: str | None = None,
) -> OfferView:
    """An offer with its plans at sales prices, its add-ons and what it needs. Refuses an unknown id."""
    market = market_of(session, scope, account_id=account_id, currency=currency, price_book=price_book)
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise NotFound("There is no such offer.", code="offer_not_found", field="offer_id")
    query = select(OfferPlan).where(OfferPlan.offer_id == offer_id, OfferPlan.currency == market.currency)
    return _offer_view(session, offer, session.scalars(query).all(), market)


def _offer_view(session: Session, offer: Offer, plans: Iterable[OfferPlan], market: Market) -> OfferView:
    priced = [(plan, market.priced(offer, plan)) for plan in in_order(plans)]
    links, add_ons = _links(session, offer)
    return OfferView(
        id=offer.id, provider_offer_id=offer.provider_offer_id, name=offer.name, vendor=offer.vendor,
        category=offer.category, description=offer.description, kind=offer.kind, unit=offer.unit,
        min_quantity=offer.min_quantity, max_quantity=offer.max_quantity,
        countries=tuple(offer.countries.strip(",").split(",")), policy=dict(offer.policy),
        valid_from=offer.valid_from, valid_to=offer.valid_to,
        is_sold=offer.is_sold_on(market.term_day) and (not market.country or offer.is_sold_in(market.country)),
        currency=market.currency,
        plans=tuple(_plan(market, offer, plan, price) for plan, price in priced if price is not None),
        addon_of=tuple(links[key] for key in offer.addon_of if key in links),
        prerequisites=tuple(links[key] for key in offer.prerequisites if key in links),
        add_ons=tuple(add_ons), version=offer.version,
    )  # fmt: skip


def _plan(market: Market, offer: Offer, plan: OfferPlan, found: Priced) -> Plan:
    listed = UnitPrice(plan.list_price, plan.currency) if plan.list_price is not None else None
    higher = listed if listed is not None and listed.amount > found.unit_price.amount else None
    tiers, last = [], found.unit_price
    for count in market.tiers(offer, plan):
        price = market.price(offer, plan, count) or last
        if price != last:
            tiers.append(Tier(count, price))
        last = price
    return Plan(plan.term, plan.billing_cycle, found.unit_price, found.basis, higher, tuple(tiers))


def _links(session: Session, offer: Offer) -> tuple[dict[str, OfferLink], list[OfferLink]]:
    """The offers that an offer names, by the provider's id, and those that name it as what they add to."""
    named = [*offer.addon_of, *offer.prerequisites]
    query = (
        select(Offer.id, Offer.provider_offer_id, Offer.name, Offer.addon_of)
        .where(Offer.provider == offer.provider, Offer.active == true())
        .where(or_(Offer.provider_offer_id.in_(named), Offer.kind == "addon"))
        .order_by(Offer.name, Offer.id)
    )
    rows: list[Row[Any]] = list(session.execute(query))
    links = {row.provider_offer_id: OfferLink(row.id, row.provider_offer_id, row.name) for row in rows}
    add_ons = [links[row.provider_offer_id] for row in rows if offer.provider_offer_id in row.addon_of]
    return links, add_ons
