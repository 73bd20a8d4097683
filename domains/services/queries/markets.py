"""Where and at which prices somebody buys: the books that hold on a day, one behind the other, and the promotions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Agreement, PastBook, PriceBook, PriceRule, Subscription
from ..models import Promotion as PromotionRow
from ..pricing import STANDARD_NAME, Asked, PriceBasis, Prices, Promoted, Promotion, Reckoned, Rule, best_of, term_day
from ..pricing.rules import from_data
from .accounts import get_account
from .resale import resale_books

RESELLER = "reseller"  # the book that an end-customer reads of, where its reseller makes the price


@dataclass(frozen=True)
class Agreed:
    """A price book that holds by an agreement."""

    reference: str
    prices: Prices


@dataclass(frozen=True)
class Priced:
    """A price with all that can be said of it. `promoted` may be a promotion that the line does not get.

    With `resale`, a reseller's book made the price of its end-customer, of `payer_price`, which is the reseller's.
    """

    unit_price: UnitPrice
    reckoned: Reckoned
    agreement: str | None
    promoted: Promoted | None
    on: date
    resale: Reckoned | None = None
    payer_price: UnitPrice | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What a line keeps of its price."""
        return {"priced_by": self.basis, "payer_price": self.payer_price}

    @property
    def basis(self) -> PriceBasis:
        """What a customer may know of it: of its reseller's price nothing of what made the reseller's own."""
        if self.resale is not None:
            tier = self.resale.rule.min_quantity
            return PriceBasis(RESELLER, self.on, None, tier if tier > 1 else None)
        return self.own_basis

    @property
    def own_basis(self) -> PriceBasis:
        """What whoever pays us may know of it."""
        tier, given = self.reckoned.rule.min_quantity, self.promoted
        known = PriceBasis(self.reckoned.book, self.on, self.agreement, tier if tier > 1 else None)
        if given is None or given.hindrance is not None:
            return known
        name = given.promotion
        return replace(known, promotion_id=name.id, promotion=name.name, regular_price=self.reckoned.unit_price)


@dataclass(frozen=True)
class Market:
    """Where and by which prices somebody buys: the currency, the price books, the country (None: any), the day there.

    `term_day` is the day at the provider, by which it sells. `agreed` are asked before `prices`, the customer's book.
    `held` are the offers that the customer has or has had. `resale` are the books of an end-customer's reseller: they
    make the price of the one that we ask of the reseller.
    """

    currency: str
    country: str | None
    today: date
    term_day: date
    prices: Prices
    account_id: UUID | None = None
    agreed: tuple[Agreed, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    held: frozenset[UUID] = frozenset()
    resale: tuple[Prices, ...] = ()

    @property
    def first_book(self) -> str:
        """The name of the book that is asked first."""
        return (*(one.prices for one in self.agreed), self.prices)[0].name

    def price(self, offer: Any, plan: Any, quantity: int | None = None) -> UnitPrice | None:
        """The sales price of a plan for so many units; without a number, for as few as are sold.

        `offer` and `plan` have the columns of their tables (a listing is a plan).
        """
        found = self.amount(offer, plan, quantity)
        return UnitPrice(found, self.currency) if found is not None else None

    def amount(self, offer: Any, plan: Any, quantity: int | None = None) -> Decimal | None:
        """The same as an amount: a search asks for as many as there are offers."""
        asked = self.asked(offer, plan, quantity)
        if self.resale or any(one.concerns(asked) for one in self.promotions):
            found = self.priced(offer, plan, quantity)
            return found.unit_price.amount if found else None
        books = (*(one.prices for one in self.agreed), self.prices)
        return next((amount for book in books if (amount := book.amount(asked)) is not None), None)

    def priced(self, offer: Any, plan: Any, quantity: int | None = None, *, together: int = 0) -> Priced | None:
        """The same with how it came about; None when no book has a price. A promotion's most is of all lines
        `together` that ask for the offer."""
        asked = self.asked(offer, plan, quantity)
        whole = asked._replace(quantity=max(asked.quantity, together))
        for agreement, prices in (*((one.reference, one.prices) for one in self.agreed), (None, self.prices)):
            found = prices.reckon(asked)
            if found is not None:
                return self._resold(self._promoted(found, agreement, whole, offer.id), asked)
        return None

    def tiers(self, offer: Any, plan: Any) -> list[int]:
        """From how many units on a plan may cost something else a unit: beyond the fewest, up to the most sold."""
        asked = self.asked(offer, plan, None)
        books = (*(one.prices for one in self.agreed), self.prices, *self.resale)
        counts = {count for book in books for count in book.tiers(asked)}
        return sorted(one for one in counts if one > asked.quantity and one <= (offer.max_quantity or one))

    def asked(self, offer: Any, plan: Any, quantity: int | None) -> Asked:
        """What is asked of a price book."""
        return Asked(
            plan.purchase_price, self.currency, offer.provider_offer_id, offer.vendor, offer.category, plan.term,
            plan.billing_cycle, plan.list_price, max(offer.min_quantity, 1) if quantity is None else quantity,
            offer.provider,
        )  # fmt: skip

    def _promoted(self, found: Reckoned, agreement: str | None, asked: Asked, offer_id: UUID) -> Priced:
        given = best_of(self.promotions, asked, found.unit_price, offer_id in self.held) if self.promotions else None
        gets = given is not None and given.hindrance is None
        price = given.unit_price if given is not None and gets else found.unit_price
        return Priced(price, found, agreement, given, self.today)

    def _resold(self, found: Priced, asked: Asked) -> Priced:
        """The price that a reseller makes of its own; what would come to nothing is passed on as it is."""
        own = found.unit_price
        resold = asked._replace(purchase=own.amount, list_price=None)
        for prices in self.resale:
            made = prices.reckon(resold)
            if made is not None:
                price = made.unit_price if made.unit_price.amount or not own.amount else own
                return replace(found, unit_price=price, resale=made, payer_price=own)
        return found


def market_of(
    session: Session,
    scope: Scope,
    *,
    account_id: UUID | None = None,
    currency: str | None = None,
    price_book: str | None = None,
    on: date | None = None,
) -> Market:
    """The market of an account; without one, of the first account in a customer's scope, else the standard prices.

    `on` is another day than today, by whose rules, agreements and promotions it sells.
    """
    account = get_account(session, scope, account_id) if account_id else _first_account(session, scope)
    now = clock.business_now(session)
    day = clock.local_day(now, account.time_zone) if account else now.date()
    on, past = on or day, on is not None and on < day
    if account is None:
        books = _books(session, [price_book or STANDARD_NAME], on, past)
        known = Market(currency or "EUR", None, on, term_day(now), books[0])
    else:
        known = _of_account(session, account, price_book, currency, on, past)
    promotions = _promotions(session, on, known.country)
    first = account is not None and any(one.first_purchase for one in promotions)
    held: frozenset[UUID] = _held(session, account) if account is not None and first else frozenset()
    buyer = account if _is_resold(scope, account, account_id) else None
    resale = resale_books(session, buyer, on, past) if buyer is not None else ()
    return replace(known, term_day=on if past else term_day(now), promotions=promotions, held=held, resale=resale)


def _is_resold(scope: Scope, account: AccountRef | None, named: UUID | None) -> bool:
    """Whether who asks shall be told an end-customer's price: itself, and its reseller where it names the account."""
    if account is None or account.reseller_id is None:
        return False
    return scope.kind == "customer" or (scope.kind == "reseller" and named is not None)


def _of_account(
    session: Session, account: AccountRef, price_book: str | None, currency: str | None, on: date, past: bool
) -> Market:
    agreements = [] if price_book else _agreements(session, account, on)
    own = price_book or account.price_book
    *agreed, prices = _books(session, [*(one.price_book for one in agreements), own], on, past)
    return Market(
        currency or account.currency, account.country, on, on, prices, account.id,
        tuple(Agreed(one.reference, book) for one, book in zip(agreements, agreed, strict=True)),
    )  # fmt: skip


def _first_account(session: Session, scope: Scope) -> AccountRef | None:
    if scope.kind not in ("customer", "reseller"):
        return None  # operator staff see no one customer's prices unless they name an account
    query = select(AccountRef).where(scope.covers(AccountRef), AccountRef.status == "active")
    return session.scalars(query.order_by(AccountRef.id).limit(1)).one_or_none()


def _agreements(session: Session, account: AccountRef, on: date) -> list[Agreement]:
    """The agreements that hold on a day: the customer's before its reseller's, the one that began later before."""
    holders = [id for id in (account.customer_id, account.reseller_id) if id is not None]
    ends = or_(Agreement.valid_to.is_(None), Agreement.valid_to >= on)
    query = select(Agreement).where(Agreement.holder_id.in_(holders), Agreement.valid_from <= on, ends)
    found = session.scalars(query.order_by(Agreement.valid_from.desc(), Agreement.id.desc()))
    return sorted(found, key=lambda one: one.holder_id != account.customer_id)


def end_of(day: date) -> datetime:
    """When a day is over, in UTC: what was changed on it holds for it."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _books(session: Session, names: list[str], on: date, past: bool) -> list[Prices]:
    """Price books ready to be asked, in the order of their names; one that is not known stands for the standard one."""
    known = _then(session, names, on) if past else _now(session, names)
    standard = known.get(STANDARD_NAME, ("minor", []))
    found = [(name, *(known.get(name) or standard)) for name in names]
    return [Prices(name, rules, rounding=rounding, on=on) for name, rounding, rules in found]


def _now(session: Session, names: list[str]) -> dict[str, tuple[str, list[Rule]]]:
    query = (
        select(PriceBook.name, PriceBook.rounding, PriceRule)
        .join(PriceRule, PriceRule.price_book_id == PriceBook.id)
        .where(PriceBook.name.in_({*names, STANDARD_NAME}))
        .order_by(PriceRule.position)
    )
    found: dict[str, tuple[str, list[Rule]]] = {}
    for name, rounding, rule in session.execute(query):
        found.setdefault(name, (rounding, []))[1].append(as_rule(rule))
    return found


def _then(session: Session, names: list[str], on: date) -> dict[str, tuple[str, list[Rule]]]:
    """The books as they were at the end of a day; what was changed before we kept versions, as it is now."""
    newest = (
        select(PastBook.price_book_id, func.max(PastBook.version).label("version"))
        .where(PastBook.since < end_of(on))
        .group_by(PastBook.price_book_id)
        .subquery()
    )
    query = (
        select(PriceBook.name, PastBook.rounding, PastBook.rules)
        .join(PastBook, PastBook.price_book_id == PriceBook.id)
        .join(newest, and_(newest.c.price_book_id == PastBook.price_book_id, newest.c.version == PastBook.version))
        .where(PriceBook.name.in_({*names, STANDARD_NAME}))
    )
    kept = {name: (rounding, list(map(from_data, rules))) for name, rounding, rules in session.execute(query)}
    return _now(session, names) | kept


def as_rule(row: PriceRule) -> Rule:
    """A rule as it is kept in its book."""
    fixed = UnitPrice(row.unit_price, row.currency or "") if row.unit_price is not None else None
    return Rule(
        row.scope, row.target, row.markup_percent, fixed, row.term, row.billing_cycle, row.discount_percent,
        None if fixed else row.currency, row.min_quantity, row.valid_from, row.valid_to, row.rounding,
    )  # fmt: skip


def _promotions(session: Session, on: date, country: str | None) -> tuple[Promotion, ...]:
    begun = or_(PromotionRow.valid_from.is_(None), PromotionRow.valid_from <= on)
    ends = or_(PromotionRow.valid_to.is_(None), PromotionRow.valid_to >= on)
    query = select(PromotionRow).where(begun, ends).order_by(PromotionRow.id)
    found = (as_promotion(row) for row in session.scalars(query))
    return tuple(one for one in found if one.holds(on, country))


def as_promotion(row: PromotionRow) -> Promotion:
    """A promotion as the provider said it."""
    facts = {**row.terms, "id": row.id, "name": row.name, "provider": row.provider}
    return msgspec.convert(facts, Promotion, strict=False)


def _held(session: Session, account: AccountRef) -> frozenset[UUID]:
    """The offers that the account's customer has had, in whatever account: what came to nothing does not count."""
    query = select(Subscription.offer_id).where(Subscription.customer_id == account.customer_id)
    counted: Iterable[UUID] = session.scalars(query.where(Subscription.state.not_in(("pending", "failed"))).distinct())
    return frozenset(counted)
