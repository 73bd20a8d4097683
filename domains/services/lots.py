"""Seat lots: seats that were bought together and can go back together, each lot within its own window.

The newest seats go back first. A lot whose window has closed stays until renewal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from domains.kernel.errors import Refused


@dataclass(frozen=True)
class Lot:
    """Seats bought in one go. `returnable_until` is None when they cannot go back; `source` says what bought them."""

    quantity: int
    added_at: datetime
    returnable_until: datetime | None = None
    source: str | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether the lot's seats can still go back."""
        return self.returnable_until is not None and now < self.returnable_until


def newest_first(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    """Lots in the order in which their seats go back."""
    return tuple(sorted(lots, key=lambda lot: lot.added_at, reverse=True))


def returnable(lots: Iterable[Lot], now: datetime) -> int:
    """How many seats can go back now."""
    return sum(lot.quantity for lot in lots if lot.is_open(now))


def returnable_until(lots: Iterable[Lot], now: datetime) -> datetime | None:
    """The last moment at which at least one seat can go back; None when none can."""
    windows = [lot.returnable_until for lot in lots if lot.is_open(now) and lot.returnable_until]
    return max(windows, default=None)


def take_back(lots: Iterable[Lot], seats: int, now: datetime) -> tuple[Lot, ...]:
    """The lots that are left when `seats` go back, newest first. Refuses more than can go back."""
    kept, missing = [], seats
    for lot in newest_first(lots):
        taken = min(missing, lot.quantity) if lot.is_open(now) else 0
        missing -= taken
        if lot.quantity > taken:
            kept.append(replace(lot, quantity=lot.quantity - taken))
    if missing:
        left = seats - missing
        raise Refused("Only %(left)s can go back now.", code="seats_not_returnable", field="quantity", left=left)
    return tuple(kept)


def first_units(lots: Iterable[Lot], count: int) -> tuple[Lot, ...]:
    """The lots of the `count` units that came first, as far as there are lots."""
    found, missing = [], count
    for lot in reversed(newest_first(lots)):
        if missing:
            found.append(replace(lot, quantity=min(missing, lot.quantity)))
        missing -= min(missing, lot.quantity)
    return newest_first(found)


def named_after(lots: Iterable[Lot], before: Iterable[Lot], source: str | None) -> tuple[Lot, ...]:
    """Lots as the provider states them, each with the source that we know it by; new ones come from `source`."""
    known = {lot.added_at: lot.source for lot in before}
    return tuple(replace(lot, source=lot.source or known.get(lot.added_at, source)) for lot in newest_first(lots))
