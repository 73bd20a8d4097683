"""What some providers tell of their catalogue beyond all of it: what has changed since a mark, and promotions.

A provider that does not have this is asked for all, each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

import msgspec

from .answers import UnknownOutcome
from .border import ProviderId, Unreadable, Whole, Word, day_within_reach, decoded, last_day
from .facts import CatalogueOffer
from .wire import NotModified, Wire

MOST_PAGES = 1000  # a cursor that never ends is a fault, not a catalogue
PAGE = 200


class SaidPromotion(Word, frozen=True):
    """What a provider takes off for a while, a percentage or an amount a unit, for whom and on what."""

    id: ProviderId
    name: str
    percent: Decimal | None = None
    amounts: dict[str, Decimal] | None = None
    offers: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    term: str | None = None
    billing_cycle: str | None = None
    first_purchase: bool = False
    max_quantity: Whole | None = None
    countries: tuple[str, ...] = ("*",)
    valid_from: date | None = None
    valid_to: date | None = None

    def tidied(self, name: str, said: Any) -> Any:
        if name == "countries":
            return tuple(dict.fromkeys(code for code in said if re.fullmatch(r"\*|[A-Z]{2}", code)))
        if name == "valid_from" and said is not None:
            return day_within_reach(said)
        return last_day(said) if name == "valid_to" else said

    @property
    def is_reckonable(self) -> bool:
        """Whether it takes something off that we can reckon with: one way, and not less than nothing."""
        off = [self.percent] if self.percent is not None else list((self.amounts or {}).values())
        most = Decimal(100) if self.percent is not None else Decimal(10) ** 12
        return (self.percent is None) != (self.amounts is None) and all(0 < one <= most for one in off)


@dataclass(frozen=True)
class CatalogueNews:
    """A provider's catalogue: all of it (`full`), or what has changed since a mark, with the offers that have ended.

    `mark` and `etag` are the provider's words for where it stands, to ask on from.
    """

    full: bool
    offers: list[CatalogueOffer]
    ended: tuple[str, ...] = ()
    mark: str | None = None
    etag: str | None = None
    promotions: tuple[SaidPromotion, ...] | None = None


@runtime_checkable
class TellsNews(Protocol):
    """A provider that says what has changed of its catalogue, and what it takes off."""

    def read_catalogue(self, mark: str | None, etag: str | None) -> CatalogueNews:
        """What has changed since a mark; all of it without one."""
        ...

    def list_promotions(self) -> list[SaidPromotion]:
        """All promotions, those to come too."""
        ...


class _Offers(Word, frozen=True):
    most = {"next_cursor": 4000}

    items: tuple[msgspec.Raw, ...]
    next_cursor: str | None = None
    mark: str | None = None


class _Standing(Word, frozen=True):
    id: ProviderId
    ended: bool = False


def read_catalogue(wire: Wire, mark: str | None, etag: str | None) -> CatalogueNews:
    """A catalogue as the sandbox tells it. The mark is that of the first page: what changes meanwhile is told again."""
    pages = _pages(wire, {"changed_since": mark} if mark else {}, etag)
    try:
        first, tag = next(pages)
    except NotModified:
        return CatalogueNews(False, [], mark=mark, etag=etag)
    raw = [*first.items, *(item for page, _ in pages for item in page.items)]
    standing = [read(item, _Standing) for item in raw]
    offers = [read(item, CatalogueOffer) for item, one in zip(raw, standing, strict=True) if not one.ended]
    ended = tuple(one.id for one in standing if one.ended)
    return CatalogueNews(mark is None, offers, ended, first.mark, tag)


def _pages(wire: Wire, query: dict[str, Any], etag: str | None) -> Iterator[tuple[_Offers, str | None]]:
    cursor, headers = None, {"If-None-Match": etag} if etag else {}
    for _ in range(MOST_PAGES):
        params = query | {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        answer = wire.answered("GET", "/v1/offers", _Offers, headers={} if cursor else headers, params=params)
        tag = answer.headers.get("ETag", "")
        yield answer.said, tag if len(tag) <= 200 else None
        cursor = answer.said.next_cursor
        if not cursor:
            return
    raise UnknownOutcome("the provider's list does not end")


def read(raw: msgspec.Raw, shape: type[Any]) -> Any:
    """One item of a list."""
    try:
        return decoded(raw, shape)
    except Unreadable as error:
        raise UnknownOutcome(f"the provider's answer cannot be read: {error}") from error
