"""What other rules would do to prices, before anybody is sold anything by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound
from domains.kernel.money import UnitPrice
from domains.kernel.tenancy import Scope

from ..models import Listing, Offer
from ..pricing import Asked, Prices, Rule
from .markets import market_of
from .prices import WIDE, margin

SAMPLES = 12


@dataclass(frozen=True)
class Effect:
    """What becomes of the price of one offer, and of what is left of it after our cost, in percent."""

    offer_id: UUID
    name: str
    vendor: str
    term: str
    billing_cycle: str
    purchase_price: UnitPrice
    before: UnitPrice | None
    after: UnitPrice | None
    margin_before: Decimal | None
    margin_after: Decimal | None


@dataclass(frozen=True)
class Effects:
    """How many offers become dearer, cheaper, stay, or have no price; and how many would be sold below our cost.

    `samples` are those that change most; where none does, some of those that stay.
    """

    currency: str
    dearer: int
    cheaper: int
    same: int
    without_price: int
    below_cost: int
    samples: list[Effect]


def preview_rules(
    session: Session, scope: Scope, *, rules: Sequence[Rule], rounding: str = "minor", currency: str = "EUR",
    name: str | None = None,
) -> Effects:  # fmt: skip
    """What the rules would do to the default plan of every offer in a currency, compared with the book as it is.

    Of a book that is new, with the standard one. For operators; for others there is nothing to preview.
    """
    if scope.kind not in WIDE:
        raise NotFound("There is no such price book.", code="price_book_not_found")
    for rule in rules:
        rule.check()
    now = market_of(session, scope, currency=currency, price_book=name).prices
    then = Prices(name or "", rules, rounding=rounding, on=clock.business_now(session).date())
    found = [_effect(row, currency, now, then) for row in session.execute(_listings(currency))]
    return _summed(currency, found)


def _listings(currency: str) -> Any:
    columns = (
        Offer.id, Offer.name, Offer.vendor, Offer.category, Offer.provider_offer_id, Offer.min_quantity, Listing.term,
        Listing.billing_cycle, Listing.purchase_price, Listing.list_price,
    )  # fmt: skip
    joined = select(*columns).join(Listing, Listing.offer_id == Offer.id)
    return joined.where(Listing.currency == currency, Offer.active == true()).order_by(Offer.name, Offer.id)


def _effect(row: Any, currency: str, now: Prices, then: Prices) -> Effect:
    cost = UnitPrice(row.purchase_price, currency)
    plan = (row.provider_offer_id, row.vendor, row.category, row.term, row.billing_cycle)
    asked = Asked(cost.amount, currency, *plan, row.list_price, max(row.min_quantity, 1))
    amounts = [book.amount(asked) for book in (now, then)]
    before, after = (UnitPrice(amount, currency) if amount is not None else None for amount in amounts)
    left = [margin(cost, price) if price else None for price in (before, after)]
    return Effect(row.id, row.name, row.vendor, row.term, row.billing_cycle, cost, before, after, *left)


def _moved(one: Effect) -> Decimal:
    """By how much a price moves, as a part of what it was."""
    if one.before is None or one.after is None:
        return Decimal(0) if one.before is one.after else Decimal(1)
    return (one.after.amount - one.before.amount) / (one.before.amount or Decimal(1))


def _summed(currency: str, found: list[Effect]) -> Effects:
    moved = [_moved(one) for one in found]
    priced = [one.after is not None for one in found]
    below = sum(one.after is not None and one.after.amount < one.purchase_price.amount for one in found)
    most = sorted(zip(moved, found, strict=True), key=lambda pair: -abs(pair[0]))[:SAMPLES]
    return Effects(
        currency, sum(is_priced and by > 0 for by, is_priced in zip(moved, priced, strict=True)),
        sum(is_priced and by < 0 for by, is_priced in zip(moved, priced, strict=True)),
        sum(is_priced and by == 0 for by, is_priced in zip(moved, priced, strict=True)),
        priced.count(False), below, [one for _, one in most],
    )  # fmt: skip
