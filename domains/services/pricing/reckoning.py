"""Day-exact reckoning: when a term ends, what the rest of a paid period is worth, what an extension adds.

Monthly billing goes by calendar months in the customer's zone; yearly billing by years from the term's first day;
what is bought once is charged in full. The day of a change belongs to the new side.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from dateutil.relativedelta import relativedelta

from domains.kernel.errors import Invalid
from domains.kernel.money import Money, UnitPrice
from domains.kernel.proration import prorate

from .terms import FOREVER

MONTHLY, ANNUAL, ONE_TIME = "monthly", "annual", "one_time"
_TERM = re.compile(r"P([1-9][0-9]?)([MY])")
_DAY = timedelta(days=1)


def term_day(moment: datetime) -> date:
    """The day that terms and sales go by: the provider's, which begins and ends in UTC (ADR 0025)."""
    return moment.astimezone(UTC).date()


def charge_day(moment: datetime, today: date, billing_cycle: str) -> date:
    """The day that charges go by at a moment which is `today` where the customer is.

    Calendar months are the customer's; the years of a term are the term's own, so that a whole year costs its price.
    """
    return today if billing_cycle == MONTHLY else term_day(moment)


def months_of(term: str) -> int:
    """How many months a term such as P1M, P1Y or P3Y has; 0 for one_time. Refuses anything else."""
    if term == ONE_TIME:
        return 0
    match = _TERM.fullmatch(term)
    if not match:
        raise Invalid(
            "“%(term)s” is not a term: use P1M, P1Y, P3Y or one_time.", code="term_invalid", field="term", term=term
        )
    return int(match[1]) * (12 if match[2] == "Y" else 1)


def last_day(first: date, term: str) -> date:
    """The inclusive last day of a term that begins on `first`; month ends are clipped (31 January + P1M: 27 February).

    Clipped, because the next term would begin on the 28th, the last day of February.
    """
    months = months_of(term)
    return first + relativedelta(months=months) - _DAY if months else FOREVER


def _after(day: date) -> date:
    """The day after an inclusive last day; what never ends stays so."""
    return FOREVER if day == FOREVER else day + _DAY


def cycles_in(term: str, billing_cycle: str) -> int:
    """How many billing cycles are charged over a term."""
    if billing_cycle == MONTHLY:
        return max(months_of(term), 1)
    return max(months_of(term) // 12, 1) if billing_cycle == ANNUAL else 1


def month_of(day: date) -> tuple[date, date]:
    """The calendar month of a day: its first day and the first day after it."""
    first = day.replace(day=1)
    return first, first + relativedelta(months=1)


def paid_period(day: date, first: date, billing_cycle: str) -> tuple[date, date]:
    """The billing period that holds `day`: [first day, day after the last). `first` is the term's first day."""
    if billing_cycle != ANNUAL:
        return month_of(day)
    years = day.year - first.year  # of the anchor, so that 29 February comes back in leap years
    if first + relativedelta(years=years) > day:
        years -= 1
    return first + relativedelta(years=years), first + relativedelta(years=years + 1)


def charged_until(day: date, first: date, valid_to: date, billing_cycle: str) -> date:
    """The inclusive last day that a charge made on `day` pays for."""
    if billing_cycle == ONE_TIME:
        return valid_to
    return min(paid_period(day, first, billing_cycle)[1] - _DAY, valid_to)


def rest_of_period(
    price: UnitPrice, quantity: int, *, day: date, first: date, valid_to: date, billing_cycle: str,
    paid_until: date | None = None,
) -> Money:  # fmt: skip
    """What `quantity` units cost from `day` to the last day that is paid for: of the running period, or `paid_until`.

    That day is never beyond the term's. The same sum is charged for units that are added on `day` and paid back for
    units returned on it, so that all units of a subscription are paid for until the same day.
    """
    if billing_cycle == ONE_TIME:
        return price.times(quantity)
    if day > valid_to:
        return Money.zero(price.currency)
    until = paid_for(day, first, valid_to, billing_cycle, paid_until)
    return days_cost(price, quantity, begin=day, end=_after(until), first=first, billing_cycle=billing_cycle)


def paid_for(day: date, first: date, valid_to: date, billing_cycle: str, paid_until: date | None) -> date:
    """The inclusive last day that is paid for on `day`: extensions may be paid for beyond the running period."""
    running = charged_until(day, first, valid_to, billing_cycle)
    return max(running, min(paid_until, valid_to)) if paid_until is not None else running


def days_cost(price: UnitPrice, quantity: int, *, begin: date, end: date, first: date, billing_cycle: str) -> Money:
    """What the days from `begin` to before `end` cost, billing period by billing period."""
    total = Money.zero(price.currency)
    while begin < end:
        period = paid_period(begin, first, billing_cycle)
        stop = min(period[1], end)
        total += prorate(price, quantity, period, (begin, stop))
        begin = stop
    return total


def extension(
    price: UnitPrice, quantity: int, *, day: date, first: date, valid_to: date, until: date, billing_cycle: str,
    paid_until: date | None = None,
) -> Money:  # fmt: skip
    """What is charged now for moving the last day from `valid_to` to `until`: what comes to be paid for by it.

    Monthly: only added days of the running month. Yearly: all added days, each as its share of its year of the term,
    unless years before them are still to come. What is not charged now is charged as it comes.
    """
    if billing_cycle == ONE_TIME:
        return Money.zero(price.currency)
    before = paid_for(day, first, valid_to, billing_cycle, paid_until)
    after = extended(day, first, valid_to, until, billing_cycle, paid_until)
    begin = max(_after(before), day)  # a term that has run out is not paid for afterwards
    return days_cost(price, quantity, begin=begin, end=_after(after), first=first, billing_cycle=billing_cycle)


def extended(
    day: date, first: date, valid_to: date, until: date, billing_cycle: str, paid_until: date | None
) -> date:  # fmt: skip
    """The inclusive last day that is paid for once the last day has been moved on `day` from `valid_to` to `until`."""
    before = paid_for(day, first, valid_to, billing_cycle, paid_until)
    if billing_cycle == ANNUAL and before >= valid_to:
        return until
    return paid_for(day, first, until, billing_cycle, paid_until)


def added_commitment(
    price: UnitPrice, quantity: int, *, first: date, valid_to: date, until: date, billing_cycle: str
) -> Money:
    """What moving the last day from `valid_to` to `until` adds to the commitment, billing period by billing period."""
    if billing_cycle == ONE_TIME or until == FOREVER:
        return Money.zero(price.currency)
    span = {"begin": _after(valid_to), "end": _after(until)}
    return days_cost(price, quantity, first=first, billing_cycle=billing_cycle, **span)
