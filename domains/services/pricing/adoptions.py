"""What was bought, given back or extended directly at the provider, reckoned from the day on which it was done there.

The provider bills us from that day. So do we, at the customer's price, with the same proration as for our own orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from domains.kernel.money import Money, UnitPrice

from .reckoning import ANNUAL, MONTHLY, charged_until, days_cost, extended, extension, month_of, rest_of_period
from .terms import FOREVER


@dataclass(frozen=True)
class Terms:
    """By what a subscription is charged: the span of its term, its cycle, its price, and until when it is paid for."""

    price: UnitPrice
    billing_cycle: str
    first: date
    valid_to: date
    paid_until: date | None = None


@dataclass(frozen=True)
class Part:
    """One charge to be made: units (below zero: given back) from a day on; `until` where it covers whole days."""

    kind: str
    quantity: int
    amount: Money
    on: date
    until: date | None = None


def of_units(terms: Terms, quantity: int, on: date, kind: str = "change_quantity") -> Part:
    """Units that came (or, below zero, went) on a day: the rest of what the others are paid for until."""
    day = max(on, terms.first)
    amount = rest_of_period(
        terms.price, abs(quantity), day=day, first=terms.first, valid_to=terms.valid_to,
        billing_cycle=terms.billing_cycle, paid_until=terms.paid_until,
    )  # fmt: skip
    return Part(kind, quantity, amount if quantity > 0 else -amount, day)


def of_extension(terms: Terms, quantity: int, until: date, on: date) -> tuple[Part, date | None]:
    """A later last day, moved on a day; and until when is paid then."""
    span = {"first": terms.first, "valid_to": terms.valid_to, "until": until, "billing_cycle": terms.billing_cycle}
    amount = extension(terms.price, quantity, day=on, paid_until=terms.paid_until, **span)  # type: ignore[arg-type]
    paid = extended(on, terms.first, terms.valid_to, until, terms.billing_cycle, terms.paid_until)
    kept = paid if terms.billing_cycle == ANNUAL else terms.paid_until
    return Part("extend", quantity, amount, on, min(paid, until)), kept


def of_beginning(terms: Terms, quantity: int, today: date) -> Iterator[Part]:
    """What was bought on the term's first day: to the end of its first period, then each month that has ended.

    The running month is charged as every running period is: when the provider's lines for it come.
    """
    first, valid_to = terms.first, terms.valid_to
    until = charged_until(first, first, valid_to, terms.billing_cycle)
    yield Part("activation", quantity, of_units(terms, quantity, first).amount, first, until)
    if terms.billing_cycle != MONTHLY:
        return
    begin = month_of(first)[1]
    while begin + relativedelta(months=1) <= month_of(today)[0] and begin <= valid_to:
        last = min(month_of(begin)[1] - relativedelta(days=1), valid_to)
        after = FOREVER if last == FOREVER else last + relativedelta(days=1)
        amount = days_cost(terms.price, quantity, begin=begin, end=after, first=first, billing_cycle=MONTHLY)
        yield Part("period", quantity, amount, begin, last)
        begin += relativedelta(months=1)
