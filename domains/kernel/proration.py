"""Day-exact proration: what a part of a billing period costs, counted in whole days, end exclusive."""

from __future__ import annotations

import argparse
from datetime import date
from decimal import Decimal, InvalidOperation

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


def at_price(amount: Money, price: UnitPrice, other: UnitPrice) -> Money:
    """What the same units and days come to at another price per unit; `price` is the one that made the amount.

    Rounded half up, alike for what is charged and for what goes back. Nothing can be said of what is free.
    """
    if not price.amount:
        return amount
    return Money.of(amount.amount * other.amount / price.amount, amount.currency)


def _days(text: str) -> tuple[date, date]:
    first, _, after = text.partition("..")
    try:
        return date.fromisoformat(first), date.fromisoformat(after)
    except ValueError:
        why = f"“{text}” is not a first day and the day after the last, such as 2026-01-01..2026-02-01"
        raise argparse.ArgumentTypeError(why) from None


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        raise argparse.ArgumentTypeError(f"“{text}” is not a price, such as 24.00")
    return price


def main() -> None:
    """Print what a part of a period costs, for people who check an invoice by hand."""
    said = "What a part of a billing period costs, by days; ends are exclusive."
    asked = argparse.ArgumentParser("python -m domains.kernel.proration", description=said)
    asked.add_argument("--price", type=_price, required=True, help="per unit and whole period, such as 24.00")
    asked.add_argument("--currency", required=True, help="such as EUR")
    asked.add_argument("--quantity", type=int, required=True)
    asked.add_argument("--period", type=_days, required=True, help="such as 2026-01-01..2026-02-01")
    asked.add_argument("--segment", type=_days, required=True, help="the days to pay for, within the period")
    given = asked.parse_args()
    try:
        price = UnitPrice(given.price, given.currency)
        print(prorate(price, given.quantity, given.period, given.segment).amount)  # noqa: T201 it is asked for
    except Invalid as no:
        asked.error(str(no.detail))


if __name__ == "__main__":
    main()
