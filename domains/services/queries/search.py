"""Searching the catalogue: the shelf of a currency is narrowed by bits, counted, sorted and cut to a page here.

A few short statements whatever is asked for. Facets count what the other filters leave, so that a second choice within
one facet shows what it would add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from domains.kernel.errors import Invalid
from domains.kernel.money import UnitPrice
from domains.kernel.paging import checked_limit, decode_cursor, encode_cursor
from domains.kernel.tenancy import Scope

from ..models import Offer
from .markets import Market, market_of
from .shelf import Priced, Shelf, band_order, places, priced, shelf_of

FACETS = ("vendor", "category", "term", "billing_cycle", "kind", "trial", "price")
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
    """A page of offers; `facets` by name (see FACETS); `total` counts all pages."""

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
    sort: str = "best",
    cursor: str | None = None,
    limit: int = 50,
    **filters: Sequence[str],
) -> OfferPage:
    """Find what is sold to an account (or in a currency), by words and facets, one page at a time.

    `q` is looked for in name, vendor, category and description, or is an offer's exact id. `sort` is best, price or
    name; prices are sales prices of the default plan. `filters` are values of FACETS by their names; several of one are
    alternatives.
    """
    if sort not in SORTS:
        raise Invalid(f"“{sort}” is no order: use {', '.join(SORTS)}.", code="sort_invalid", field="sort")
    size = checked_limit(limit)
    market = market_of(session, scope, account_id=account_id, currency=currency, price_book=price_book)
    chosen = {name: set(filters.pop(name, ())) for name in FACETS}
    if filters:
        raise TypeError(f"these are no facets: {', '.join(filters)}")
    shelf = shelf_of(session, market.currency)
    costs = priced(session, shelf, market)
    facets, mask = _filtered(shelf, costs, matching(shelf, market, q), chosen)
    found = _sorted(shelf, costs, mask, sort, q)
    asked = {"q": q, "sort": sort, "currency": market.currency} | {name: sorted(chosen[name]) for name in FACETS}
    start = _position(shelf, found, cursor, asked)
    page = [shelf.rows[place] for place in found[start : start + size]]
    more = start + size < len(found)
    following = encode_cursor(page[-1].id.bytes + (start + size).to_bytes(4, "big"), asked) if more else None
    return OfferPage(_cards(session, page, market), facets, len(found), following, market)


def matching(shelf: Shelf, market: Market, q: str) -> int:
    """The offers of a shelf that are sold in a market and hold all the words of `q`, or are the one with that id."""
    sold = shelf.sold(market.term_day, market.country)
    exact = _as_id(q)
    if exact is not None:
        return sold & (1 << shelf.at[exact]) if exact in shelf.at else 0
    return shelf.holding(q.casefold().split()[:8], sold)


def _as_id(q: str) -> UUID | None:
    try:
        return UUID(q.strip())
    except ValueError:
        return None


def _filtered(
    shelf: Shelf, costs: Priced, base: int, chosen: dict[str, set[str]]
) -> tuple[dict[str, list[FacetValue]], int]:
    """The facets with their counts, and the offers that pass all filters."""
    masks = {**shelf.facets, "price": costs.bands}
    passing = {name: _any(masks[name], chosen[name]) for name in FACETS if chosen[name]}
    facets = {}
    for name in FACETS:
        others = base
        for other, mask in passing.items():
            others &= mask if other != name else -1
        counts = {value: (mask & others).bit_count() for value, mask in masks[name].items()}
        facets[name] = _listed(name, counts, chosen[name])
    for mask in passing.values():
        base &= mask
    return facets, base


def _any(masks: dict[str, int], values: set[str]) -> int:
    found = 0
    for value in values:
        found |= masks.get(value, 0)
    return found


def _listed(name: str, counts: dict[str, int], chosen: set[str]) -> list[FacetValue]:
    """What can be chosen, the most frequent first (prices from the lowest); what is chosen and not there, last."""
    found = [(value, count) for value, count in counts.items() if count]
    found.sort(key=lambda one: (band_order(one[0]),) if name == "price" else (-one[1], one[0]))
    listed = [FacetValue(value, count, value in chosen) for value, count in found]
    return listed + [FacetValue(value, 0, True) for value in sorted(chosen) if not counts.get(value)]


def _sorted(shelf: Shelf, costs: Priced, mask: int, sort: str, q: str) -> list[int]:
    """The places of a mask by name, by price (no price last), or by how well the name answers `q`, then by name."""
    found = places(mask)
    if sort == "price":
        held = set(found)
        return [place for place in costs.order if place in held]
    words = q.casefold().strip()
    if sort == "name" or not words:
        return found
    return sorted(found, key=lambda place: _rank(shelf, place, words))


def _rank(shelf: Shelf, place: int, words: str) -> int:
    name, row = shelf.names[place], shelf.rows[place]
    if words in (name, row.provider_offer_id):
        return 0
    if name.startswith(words):
        return 1
    return 2 if words in name else 3 if words in row.vendor.casefold() else 4


def _position(shelf: Shelf, found: list[int], cursor: str | None, asked: dict[str, Any]) -> int:
    """Where a page begins: after the offer the last page ended with; by its place when that is no longer sold."""
    if not cursor:
        return 0
    raw = decode_cursor(cursor, asked, lambda position: len(position) == 20)
    last = shelf.at.get(UUID(bytes=raw[:16]))
    return found.index(last) + 1 if last in found else int.from_bytes(raw[16:], "big")


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
