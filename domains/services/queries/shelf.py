"""The catalogue of one currency in memory, as a search needs it: each value of a facet is a set of bits.

A process keeps the shelf as long as the stamps of the tables behind it stay as they are; the database is asked for
these at each search, so that a shelf is never older than what the search would read (ADR 39).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from domains.kernel import stamps
from domains.kernel.tenancy import Scope

from ..models import Listing, Offer
from .markets import Market

T = TypeVar("T")
KEPT = 12  # shelves, and orders by price, in one process
NARROW = (
    Offer.id, Offer.provider, Offer.provider_offer_id, Offer.name, Offer.vendor, Offer.category, Offer.kind,
    Offer.min_quantity, Offer.countries, Offer.valid_to, Offer.words, Listing.term, Listing.billing_cycle,
    Listing.terms, Listing.billing_cycles, Listing.purchase_price, Listing.list_price,
)  # fmt: skip
BANDS = (0, 10, 50, 100, 500)  # of euros; what costs nothing is a band of its own
SCALES = {"JPY": 100, "INR": 100, "NOK": 10, "SEK": 10}  # how many of these one expects where one expects one euro


_IN_BYTE = tuple(tuple(place for place in range(8) if byte >> place & 1) for byte in range(256))


def bits(places: Iterable[int], size: int) -> int:
    """A set of places as the bits of a number."""
    held = bytearray(size // 8 + 1)
    for place in places:
        held[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(held, "little")


def places(mask: int) -> list[int]:
    """The places of a set of bits, in order."""
    found = []
    for base, byte in enumerate(mask.to_bytes((mask.bit_length() + 7) // 8, "little")):
        if byte:
            found += [base * 8 + place for place in _IN_BYTE[byte]]
    return found


@dataclass(frozen=True)
class Shelf:
    """Every offer that is sold in a currency, by name; what may be filtered by, as bits."""

    rows: list[Any]
    at: dict[UUID, int]
    facets: dict[str, dict[str, int]]
    countries: dict[str, int]
    ending: list[tuple[int, date]]
    names: list[str]
    words: list[str]

    def all(self) -> int:
        """Every place."""
        return (1 << len(self.rows)) - 1

    def sold(self, day: date, country: str | None) -> int:
        """What is still sold on a day, in a country."""
        found = self.all()
        if country:
            here = (mask for said, mask in self.countries.items() if said == ",*," or f",{country}," in said)
            found = 0
            for mask in here:
                found |= mask
        return found & ~bits((place for place, last in self.ending if last < day), len(self.rows))

    def holding(self, words: Iterable[str], among: int) -> int:
        """What holds all of some words."""
        for word in words:
            among &= bits((place for place, held in enumerate(self.words) if word in held), len(self.rows))
        return among


@dataclass(frozen=True)
class Priced:
    """What the offers of a shelf cost in a market: the order by price (without one last), and the bands, as bits."""

    order: list[int]
    bands: dict[str, int]


_shelves: OrderedDict[Any, Any] = OrderedDict()


def standing(session: Session, *topics: str) -> str | None:
    """What the tables of some topics are at; None for a session that has itself written to any."""
    seen = stamps.seen(session, Scope.operator(), topics)
    return None if session.info.get("stamped") else f"{session.get_bind().engine.url} {seen}"


def _kept(at: str | None, key: tuple[Any, ...], build: Callable[[], T]) -> T:
    """What was built under a key while the tables behind it were the same; else built, and kept for the next one.

    A session that has itself written to the tables builds its own, which nobody else sees.
    """
    if at is None:
        return build()
    whole = (at, *key)
    if whole not in _shelves:
        _shelves[whole] = build()
        while len(_shelves) > KEPT:
            _shelves.popitem(last=False)
    return _shelves[whole]  # type: ignore[no-any-return]


def shelf_of(session: Session, currency: str) -> Shelf:
    """The shelf of a currency."""
    return _kept(standing(session, "catalogue"), ("shelf", currency), lambda: _built(session, currency))


def _built(session: Session, currency: str) -> Shelf:
    query = select(*NARROW).join(Listing, Listing.offer_id == Offer.id)
    query = query.where(Listing.currency == currency, Offer.active == true())
    rows = sorted(session.execute(query).all(), key=lambda row: (row.name.casefold(), row.id))
    found: dict[str, dict[str, list[int]]] = {name: {} for name in (*VALUES, "countries")}
    for place, row in enumerate(rows):
        for name, values in VALUES.items():
            for value in values(row):
                found[name].setdefault(value, []).append(place)
        found["countries"].setdefault(row.countries, []).append(place)
    masks = {name: {value: bits(held, len(rows)) for value, held in values.items()} for name, values in found.items()}
    ending = [(place, row.valid_to) for place, row in enumerate(rows) if row.valid_to is not None]
    at = {row.id: place for place, row in enumerate(rows)}
    names, words = [row.name.casefold() for row in rows], [row.words for row in rows]
    return Shelf(rows, at, masks, masks.pop("countries"), ending, names, words)


VALUES: dict[str, Callable[[Any], Iterable[str]]] = {
    "vendor": lambda row: (row.vendor,),
    "category": lambda row: (row.category,),
    "term": lambda row: row.terms.split(),
    "billing_cycle": lambda row: row.billing_cycles.split(),
    "kind": lambda row: (row.kind,),
    "trial": lambda row: ("yes" if row.kind == "trial" else "no",),
}


def priced(session: Session, shelf: Shelf, market: Market) -> Priced:
    """What the offers of a shelf cost in a market."""
    books = tuple((one.reference, one.prices.name) for one in market.agreed)
    resold, whose = tuple(one.name for one in market.resale), (market.currency, market.country, market.held)
    key = ("priced", market.prices.name, books, resold, market.today, *whose)
    return _kept(standing(session, "catalogue", "prices"), key, lambda: _priced(shelf, market))


def _priced(shelf: Shelf, market: Market) -> Priced:
    amounts = [market.amount(row, row) for row in shelf.rows]
    top = Decimal("Infinity")
    order = sorted(range(len(amounts)), key=lambda place: top if (a := amounts[place]) is None else a)
    held: dict[str, list[int]] = {}
    for place, amount in enumerate(amounts):
        if amount is not None:
            held.setdefault(band_of(amount, market.currency), []).append(place)
    return Priced(order, {band: bits(found, len(amounts)) for band, found in held.items()})


def band_of(amount: Decimal, currency: str) -> str:
    """The band of a price: 0 for what is free, else from-to, or from- for the highest; `to` is not in it."""
    if amount <= 0:
        return "0"
    scale = SCALES.get(currency, 1)
    lower = max(one for one in BANDS if amount >= one * scale)
    upper = next((one for one in BANDS if one > lower), None)
    return f"{lower * scale}-{'' if upper is None else upper * scale}"


def band_order(band: str) -> int:
    """Where a band stands among the others: what is free first."""
    start = band.split("-")[0]
    return -1 if band == "0" else int(start) if start.isdigit() else 2**31
