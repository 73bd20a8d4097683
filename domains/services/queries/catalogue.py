"""The catalogue as a customer sees it: sales prices, never purchase prices, in the currency of an account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, true
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Offer, OfferPlan, PriceBook, PriceRule
from ..pricing import STANDARD_NAME, Prices, Rule, term_day
from .accounts import get_account

PLANS_FIRST = ("P1Y", "monthly")  # the plan an offer is shown and ordered with unless another one is asked for


@dataclass(frozen=True)
class Market:
    """Where and by which prices somebody buys: the currency, the price book, the country (None: any), the day there.

    `term_day` is the day at the provider, by which it sells.
    """

    currency: str
    country: str | None
    today: date
    term_day: date
    prices: Prices
    account_id: UUID | None = None

    def price(self, offer: Any, plan: Any) -> UnitPrice | None:
        """The sales price of a plan. `offer` and `plan` have the columns of their tables (a listing is a plan)."""
        return self.prices.of(
            UnitPrice(plan.purchase_price, self.currency), offer=offer.provider_offer_id, vendor=offer.vendor,
            category=offer.category, term=plan.term, billing_cycle=plan.billing_cycle,
        )  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One way to buy an offer. `unit_price` is per unit and billing cycle."""

    term: str
    billing_cycle: str
    unit_price: UnitPrice


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


def market_of(
    session: Session,
    scope: Scope,
    *,
    account_id: UUID | None = None,
    currency: str | None = None,
    price_book: str | None = None,
) -> Market:
    """The market of an account; without one, of the first account in a customer's scope, else the standard prices."""
    account = get_account(session, scope, account_id) if account_id else _first_account(session, scope)
    now = clock.business_now(session)
    if account is None:
        return Market(currency or "EUR", None, now.date(), term_day(now), _prices(session, price_book or STANDARD_NAME))
    prices = _prices(session, price_book or account.price_book)
    today = clock.local_day(now, account.time_zone)
    return Market(currency or account.currency, account.country, today, term_day(now), prices, account.id)


def _first_account(session: Session, scope: Scope) -> AccountRef | None:
    if scope.kind not in ("customer", "reseller"):
        return None  # operator staff see no one customer's prices unless they name an account
    query = select(AccountRef).where(scope.covers(AccountRef), AccountRef.status == "active")
    return session.scalars(query.order_by(AccountRef.id).limit(1)).one_or_none()


def _prices(session: Session, name: str) -> Prices:
    """A price book ready to be asked; a name that is not known yet stands for the standard one."""
    query = (
        select(PriceBook.name, PriceRule)
        .join(PriceRule, PriceRule.price_book_id == PriceBook.id)
        .where(PriceBook.name.in_((name, STANDARD_NAME)))
        .order_by(PriceRule.position)
    )
    rows = session.execute(query).all()
    wanted = [rule for book, rule in rows if book == name] or [rule for _, rule in rows]
    return Prices(name, (_as_rule(rule) for rule in wanted))


def _as_rule(row: PriceRule) -> Rule:
    fixed = UnitPrice(row.unit_price, row.currency or "") if row.unit_price is not None else None
    return Rule(row.scope, row.target, row.markup_percent, fixed, row.term, row.billing_cycle)


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
    priced = [(plan, market.price(offer, plan)) for plan in in_order(plans)]
    links, add_ons = _links(session, offer)
    return OfferView(
        id=offer.id, provider_offer_id=offer.provider_offer_id, name=offer.name, vendor=offer.vendor,
        category=offer.category, description=offer.description, kind=offer.kind, unit=offer.unit,
        min_quantity=offer.min_quantity, max_quantity=offer.max_quantity,
        countries=tuple(offer.countries.strip(",").split(",")), policy=dict(offer.policy),
        valid_from=offer.valid_from, valid_to=offer.valid_to,
        is_sold=offer.is_sold_on(market.term_day) and (not market.country or offer.is_sold_in(market.country)),
        currency=market.currency,
        plans=tuple(Plan(plan.term, plan.billing_cycle, price) for plan, price in priced if price is not None),
        addon_of=tuple(links[key] for key in offer.addon_of if key in links),
        prerequisites=tuple(links[key] for key in offer.prerequisites if key in links),
        add_ons=tuple(add_ons), version=offer.version,
    )  # fmt: skip


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
