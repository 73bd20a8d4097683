"""Why something costs what it costs, on any day; price books and agreements as operators see them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock, paging
from domains.kernel.errors import N_, Invalid, NotFound, Refused
from domains.kernel.money import UnitPrice
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Agreement, Offer, OfferChange, OfferPlan, PastBook, PastPrice, PriceBook, PriceRule
from ..pricing import PriceBasis, Rule, Step
from ..pricing.rules import from_data
from .catalogue import in_order
from .markets import Market, Priced, as_rule, end_of, market_of

WIDE = ("operator", "system")
FURTHEST = 3660  # days before and after today


@dataclass(frozen=True)
class Explanation:
    """The price of a plan on a day, and by what it came about.

    `hindrance` is why a promotion that is about the plan does not hold for it: max_quantity or first_purchase. The
    rule, the steps and what it costs us are for operators; for everybody else they are None and empty.
    """

    offer_id: UUID
    name: str
    term: str
    billing_cycle: str
    quantity: int
    on: date
    currency: str
    unit_price: UnitPrice
    priced_by: PriceBasis
    promotion: str | None = None
    hindrance: str | None = None
    most: int | None = None
    rule: Rule | None = None
    steps: tuple[Step, ...] = ()
    purchase_price: UnitPrice | None = None
    margin_percent: Decimal | None = None
    reseller: ResellerPart | None = None


@dataclass(frozen=True)
class ResellerPart:
    """What a reseller may know besides of the price of its end-customer: its own, by what that came about, the rule of
    its own book, and what is left for it, in percent of the end-customer's price."""

    unit_price: UnitPrice
    priced_by: PriceBasis
    rule: Rule
    margin_percent: Decimal | None


def explain_price(
    session: Session,
    scope: Scope,
    offer_id: UUID,
    *,
    account_id: UUID | None = None,
    currency: str | None = None,
    term: str | None = None,
    billing_cycle: str | None = None,
    quantity: int | None = None,
    on: date | None = None,
) -> Explanation:
    """Why an offer costs what it costs: on a day (today), for so many units (the fewest), in one way to buy it.

    A day that is over is explained by what held then: the books, the agreements, and the provider's prices. Refuses an
    offer or a way that is not there, a day before we knew it, and where no book has a price.
    """
    market = market_of(session, scope, account_id=account_id, currency=currency, on=_near(session, on))
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise NotFound("There is no such offer.", code="offer_not_found", field="offer_id")
    past = on is not None and on < clock.business_now(session).date()
    plan = _plan(session, offer, market, term, billing_cycle, end_of(market.today) if past else None)
    found = market.priced(offer, plan, quantity)
    if found is None:
        raise Refused("We have no price for “%(offer)s” yet. Open a case and we will make one.",
                      code="price_missing", field="offer_id", offer=offer.name)  # fmt: skip
    why = _explained(offer, plan, market, found, quantity, scope.kind in WIDE)
    return replace(why, reseller=_of_reseller(found)) if scope.kind == "reseller" else why


def _of_reseller(found: Priced) -> ResellerPart | None:
    if found.resale is None or found.payer_price is None:
        return None
    left = margin(found.payer_price, found.unit_price)
    return ResellerPart(found.payer_price, found.own_basis, found.resale.rule, left)


def _near(session: Session, on: date | None) -> date | None:
    if on is not None and abs((on - clock.business_now(session).date()).days) > FURTHEST:
        raise Invalid(N_("Choose a day within ten years."), code="day_invalid", field="on")
    return on


def _plan(session: Session, offer: Offer, market: Market, term: str | None, cycle: str | None, until: Any) -> Any:
    """The plan that is asked for at the provider's price of the time; the default one where nothing is said."""
    columns = (
        OfferPlan.term,
        OfferPlan.billing_cycle,
        OfferPlan.position,
        OfferPlan.purchase_price,
        OfferPlan.list_price,
    )
    query = select(*columns).where(OfferPlan.offer_id == offer.id, OfferPlan.currency == market.currency)
    plans: list[Any] = in_order(session.execute(query).all())  # type: ignore[arg-type]
    found = [plan for plan in plans if term in (None, plan.term) and cycle in (None, plan.billing_cycle)]
    if until is not None:
        _check_known(session, offer, until)
        key = (term or found[0].term, cycle or found[0].billing_cycle) if found or (term and cycle) else None
        found = [*_past(session, offer, market.currency, key, until), *found]
    if not found:
        raise NotFound("It is not sold in this way.", code="plan_not_found", field="term")
    return found[0]


def _check_known(session: Session, offer: Offer, until: Any) -> None:
    query = select(OfferChange.at).where(OfferChange.offer_id == offer.id, OfferChange.kind == "added")
    added = session.scalars(query.order_by(OfferChange.id).limit(1)).first()
    if added is not None and added >= until:
        raise Refused("“%(offer)s” was not in the catalogue on this day.",
                      code="offer_not_sold", field="on", offer=offer.name)  # fmt: skip


def _past(session: Session, offer: Offer, currency: str, key: tuple[str, str] | None, until: Any) -> list[Any]:
    """What a plan cost us at a moment, where that has changed since."""
    if key is None:
        return []
    query = select(PastPrice).where(PastPrice.offer_id == offer.id, PastPrice.currency == currency)
    query = query.where(PastPrice.term == key[0], PastPrice.billing_cycle == key[1], PastPrice.until >= until)
    return list(session.scalars(query.order_by(PastPrice.until).limit(1)))


def _explained(offer: Offer, plan: Any, market: Market, found: Priced, quantity: int | None, wide: bool) -> Explanation:
    given, asked = found.promoted if found.resale is None else None, market.asked(offer, plan, quantity)
    cost = UnitPrice(asked.purchase, market.currency)
    known: dict[str, Any] = {}
    if wide:
        steps = list(found.reckoned.steps)
        if given is not None and given.hindrance is None:
            off = Step("promotion", given.unit_price, given.promotion.percent, given.promotion.name)
            steps.append(off)
        known = {"rule": found.reckoned.rule, "steps": tuple(steps), "purchase_price": cost}
        known["margin_percent"] = margin(cost, found.unit_price)
    if given is not None and given.hindrance is not None:
        known |= {"hindrance": given.hindrance, "most": given.promotion.max_quantity}
    return Explanation(
        offer_id=offer.id, name=offer.name, term=plan.term, billing_cycle=plan.billing_cycle, quantity=asked.quantity,
        on=found.on, currency=market.currency, unit_price=found.unit_price, priced_by=found.basis,
        promotion=given.promotion.name if given else None, **known,
    )  # fmt: skip


def margin(cost: UnitPrice, price: UnitPrice) -> Decimal | None:
    """What is left of a price after its cost, in percent of the price; None for what is free."""
    if not price.amount:
        return None
    return ((price.amount - cost.amount) / price.amount * 100).quantize(Decimal("0.1"))


# ---------- price books ----------


@dataclass(frozen=True)
class BookVersion:
    """A price book as it has been since a moment."""

    version: int
    since: Any
    rounding: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class BookView:
    """A price book with its rules. `rule_count` is there in lists, too, where the rules are not."""

    id: UUID
    name: str
    rounding: str
    version: int
    changed_at: Any
    rules: tuple[Rule, ...] = ()


def list_price_books(session: Session, scope: Scope, *, cursor: str | None = None, limit: int = 50) -> Page[PriceBook]:
    """All price books, newest first, without their rules; for operators. Others see none."""
    query = select(PriceBook)
    if scope.kind not in WIDE:
        return Page([], None)
    return paging.page(session, query, PriceBook.id, cursor=cursor, limit=limit, filters={})


def get_price_book(session: Session, scope: Scope, price_book_id: UUID) -> BookView:
    """A price book with its rules; for operators. For others there is none."""
    found = session.get(PriceBook, price_book_id) if scope.kind in WIDE else None
    if found is None:
        raise NotFound("There is no such price book.", code="price_book_not_found", field="price_book_id")
    query = select(PriceRule).where(PriceRule.price_book_id == found.id).order_by(PriceRule.position)
    rules = tuple(as_rule(row) for row in session.scalars(query))
    return BookView(found.id, found.name, found.rounding, found.version, found.changed_at, rules)


def book_versions(session: Session, scope: Scope, price_book_id: UUID) -> list[BookVersion]:
    """How a price book was, newest first."""
    get_price_book(session, scope, price_book_id)
    query = select(PastBook).where(PastBook.price_book_id == price_book_id).order_by(PastBook.version.desc()).limit(50)
    return [
        BookVersion(row.version, row.since, row.rounding, tuple(map(from_data, row.rules)))
        for row in session.scalars(query)
    ]


# ---------- agreements ----------


def list_agreements(
    session: Session, scope: Scope, *, holder_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Agreement]:
    """Price agreements, newest first: operators see all, others their own."""
    query = select(Agreement).where(_seen(scope))
    if holder_id is not None:
        query = query.where(Agreement.holder_id == holder_id)
    return paging.page(session, query, Agreement.id, cursor=cursor, limit=limit, filters={"holder_id": holder_id})


def get_agreement(session: Session, scope: Scope, agreement_id: UUID) -> Agreement:
    """One price agreement. Refuses one that is not there, or that is somebody else's."""
    query = select(Agreement).where(Agreement.id == agreement_id, _seen(scope))
    found: Agreement | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such agreement.", code="agreement_not_found", field="agreement_id")
    return found


def _seen(scope: Scope) -> Any:
    return Agreement.id.is_not(None) if scope.kind in WIDE else Agreement.holder_id == scope.customer_id


def check_keeper(scope: Scope) -> None:
    """Refuse whoever does not keep prices and the catalogue: that is the operator's."""
    if scope.kind not in WIDE:
        raise Refused(N_("Prices and the catalogue are kept by the operator."), code="operator_only")


def check_holder(session: Session, scope: Scope, holder_id: UUID) -> None:
    """Refuse a customer of whom we know no account: neither one of its own nor of an end-customer."""
    own = or_(AccountRef.customer_id == holder_id, AccountRef.reseller_id == holder_id)
    query = select(AccountRef.id).where(scope.covers(AccountRef), own).order_by(AccountRef.id).limit(1)
    if session.scalars(query).first() is None:
        raise NotFound("There is no such customer.", code="customer_not_found", field="customer_id")


def list_buyers(session: Session, scope: Scope) -> list[UUID]:
    """The customers and resellers in scope that have accounts, or end-customers with accounts."""
    found = session.execute(
        select(AccountRef.customer_id, AccountRef.reseller_id).where(scope.covers(AccountRef)).distinct()
    )
    return sorted({id for row in found for id in row if id is not None})
