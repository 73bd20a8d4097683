"""Day-exact proration: what a part of a billing period costs, counted in whole days, end exclusive."""

from __future__ import annotations

from datetime import date

from .errors import Invalid
from .money import Money, UnitPrice


def prorate(price: UnitPrice, quantity: int, period: tuple[date, date], segment: tuple[date, date]) -> Money:
    """Charge `quantity` units for the days of `segment` that lie in `period`; both are [first day, day after the last).

    `price` is for the whole period. Rounded half up once, at the end. A segment outside its period is refused.
    """
    start, end = period
    first, after = segment
    if not (start <= first <= after <= end) or start == end:
        raise Invalid(f"The days {first} to {after} are not within {start} to {end}.", code="segment_invalid")
    # Divided last: a third that was cut off would round half a cent down.
    return Money.of(price.amount * quantity * (after - first).days / (end - start).days, price.currency)
