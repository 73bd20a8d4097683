"""Searching the catalogue: one narrow row per offer, counted, sorted and cut to a page here.

Four short statements whatever is asked for. Facets count what the other filters leave, so that a second choice within
one facet shows what it would add.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Select, or_, select, true
from sqlalchemy.orm import Session

from domains.kernel.errors import Invalid
from domains.kernel.money import UnitPrice
from domains.kernel.paging import checked_limit, decode_cursor, encode_cursor
from domains.kernel.searching import holds
from domains.kernel.tenancy import Scope

from ..models import Listing, Offer
from .catalogue import Market, market_of

FACETS = ("vendor", "category", "term", "billing_cycle")
SORTS = ("best", "price", "name")


@dataclass(frozen=True)
class OfferCard:
    """An offer as a list shows it, with the price of its default plan (None when the price book has none for it).

    `available_from` is set while it is announced but not sold yet.
    """

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
    policy: dict[str, Any]
    term: str
    billing_cycle: str
    terms: tuple[str, ...]
    billing_cycles: tuple[str, ...]
    currency: str
    unit_price: UnitPrice | None
    available_from: date | None


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet, how many offers have it, and whether it is among the filters now."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class OfferPage:
    """A page of offers; `facets` by name (vendor, category, term, billing_cycle); `total` counts all pages."""

    items: list[OfferCard]
    facets: dict[str, list[FacetValue]]
    total: int
    next_cursor: str | None
    market: Market


def search_offers(
    session: Session,
    scope: Scope,
    *,
    account_id: UUID | None = None,
    currency: str | None = None,
    price_book: str | None = None,
    q: str = "",
    vendor: Sequence[str] = (),
    category: Sequence[str] = (),
    term: Sequence[str] = (),
    billing_cycle: Sequence[str] = (),
    sort: str = "best",
    cursor: str | None = None,
    limit: int = 50,
) -> OfferPage:
    """Find what is sold to an account (or in a currency), by words and facets, one page at a time.

    `q` is looked for in name, vendor, category and description, or is an offer's exact id. `sort` is best, price or
    name; prices are sales prices of the default plan.
    """
    if sort not in SORTS:
        raise Invalid(f"“{sort}” is no order: use {', '.join(SORTS)}.", code="sort_invalid", field="sort")
    size = checked_limit(limit)
    market = market_of(session, scope, account_id=account_id, currency=currency, price_book=price_book)
    chosen = dict(zip(FACETS, (set(vendor), set(category), set(term), set(billing_cycle)), strict=True))
    rows = session.execute(offers_query(market, q)).all()
    facets, found = _filtered(rows, chosen)
    found.sort(key=_order(sort, q, market))
    asked = {"q": q, "sort": sort, "currency": market.currency} | {name: sorted(chosen[name]) for name in FACETS}
    start = _position(found, cursor, asked)
    page = found[start : start + size]
    more = start + size < len(found)
    following = encode_cursor(page[-1].id.bytes + (start + size).to_bytes(4, "big"), asked) if more else None
    return OfferPage(_cards(session, page, market), facets, len(found), following, market)


def offers_query(market: Market, q: str) -> Select[Any]:
    """The statement behind a search: offers of a market that hold all the words of `q`."""
    query: Any = (
        select(
            Offer.id, Offer.provider_offer_id, Offer.name, Offer.vendor, Offer.category, Listing.term,
            Listing.billing_cycle, Listing.terms, Listing.billing_cycles, Listing.purchase_price,
        )
        .join(Listing, Listing.offer_id == Offer.id)
        .where(Listing.currency == market.currency, Offer.active == true())
        .where(or_(Offer.valid_to.is_(None), Offer.valid_to >= market.term_day))
    )  # fmt: skip
    if market.country:
        query = query.where(or_(Offer.countries == ",*,", Offer.countries.like(f"%,{market.country},%")))
    exact = _as_id(q)
    if exact is not None:
        return cast(Select[Any], query.where(Offer.id == exact))
    for word in q.casefold().split()[:8]:
        query = query.where(holds(Offer.words, word))
    return cast(Select[Any], query)


def _as_id(q: str) -> UUID | None:
    try:
        return UUID(q.strip())
    except ValueError:
        return None


def _values(row: Row[Any], facet: str) -> list[str]:
    if facet == "term":
        return row.terms.split()  # type: ignore[no-any-return]
    return row.billing_cycles.split() if facet == "billing_cycle" else [getattr(row, facet)]


def _filtered(
    rows: Sequence[Row[Any]], chosen: dict[str, set[str]]
) -> tuple[dict[str, list[FacetValue]], list[Row[Any]]]:
    """The facets with their counts, and the rows that pass all filters."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    found = []
    for row in rows:
        values = {name: _values(row, name) for name in FACETS}
        failing = [name for name in FACETS if chosen[name] and not chosen[name].intersection(values[name])]
        if not failing:
            found.append(row)
        for name in FACETS:
            if failing in ([], [name]):
                counts[name].update(values[name])
    facets = {}
    for name in FACETS:
        listed = sorted(counts[name].items(), key=lambda item: (-item[1], item[0]))
        missing = sorted(chosen[name] - counts[name].keys())
        facets[name] = [FacetValue(value, count, value in chosen[name]) for value, count in listed]
        facets[name] += [FacetValue(value, 0, True) for value in missing]
    return facets, found


def _order(sort: str, q: str, market: Market) -> Callable[[Row[Any]], tuple[Any, ...]]:
    """The sort key: by name, by price (no price last), or how well the name answers `q`; then by name and id."""
    words = q.casefold().strip()

    def best(row: Row[Any]) -> int:
        name = row.name.casefold()
        if not words or words in (name, row.provider_offer_id):
            return 0
        if name.startswith(words):
            return 1
        return 2 if words in name else 3 if words in row.vendor.casefold() else 4

    def key(row: Row[Any]) -> tuple[Any, ...]:
        first: Any = 0
        if sort == "price":
            price = market.price(row, row)
            first = price.amount if price is not None else Decimal("Infinity")
        elif sort == "best":
            first = best(row)
        return first, row.name.casefold(), row.id

    return key


def _position(found: list[Row[Any]], cursor: str | None, asked: dict[str, Any]) -> int:
    """Where a page begins: after the offer the last page ended with; by its place when that is no longer sold."""
    if not cursor:
        return 0
    raw = decode_cursor(cursor, asked, lambda position: len(position) == 20)
    last = UUID(bytes=raw[:16])
    places = (place + 1 for place, row in enumerate(found) if row.id == last)
    return next(places, int.from_bytes(raw[16:], "big"))


def _cards(session: Session, page: list[Row[Any]], market: Market) -> list[OfferCard]:
    """The offers of one page with what only a page shows."""
    columns = (Offer.id, Offer.description, Offer.kind, Offer.unit, Offer.min_quantity, Offer.max_quantity,
               Offer.policy, Offer.valid_from)  # fmt: skip
    wide = {row.id: row for row in session.execute(select(*columns).where(Offer.id.in_([row.id for row in page])))}
    return [_card(row, wide[row.id], market) for row in page]


def _card(row: Row[Any], wide: Row[Any], market: Market) -> OfferCard:
    announced = wide.valid_from is not None and wide.valid_from > market.term_day
    return OfferCard(
        id=row.id, provider_offer_id=row.provider_offer_id, name=row.name, vendor=row.vendor, category=row.category,
        description=wide.description, kind=wide.kind, unit=wide.unit, min_quantity=wide.min_quantity,
        max_quantity=wide.max_quantity, policy=wide.policy, term=row.term, billing_cycle=row.billing_cycle,
        terms=tuple(row.terms.split()), billing_cycles=tuple(row.billing_cycles.split()), currency=market.currency,
        unit_price=market.price(row, row), available_from=wide.valid_from if announced else None,
    )  # fmt: skip
