"""Day-exact reckoning: when a term ends, what the rest of a paid period is worth, what an extension adds.

Monthly billing goes by calendar months in the customer's zone; yearly billing by years from the term's first day;
what is bought once is charged in full. The day of a change belongs to the new side.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from domains.kernel.errors import Invalid
from domains.kernel.money import Money, UnitPrice
from domains.kernel.proration import prorate

from .terms import FOREVER

MONTHLY, ANNUAL, ONE_TIME = "monthly", "annual", "one_time"
_TERM = re.compile(r"P([1-9][0-9]?)([MY])")
_DAY = timedelta(days=1)


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
    price: UnitPrice, quantity: int, *, day: date, first: date, valid_to: date, billing_cycle: str
) -> Money:
    """What `quantity` units cost from `day` to the end of the running billing period, or of the term if that is sooner.

    The same sum is charged for units that are added on `day` and paid back for units returned on it.
    """
    if billing_cycle == ONE_TIME:
        return price.times(quantity)
    if day > valid_to:
        return Money.zero(price.currency)
    period = paid_period(day, first, billing_cycle)
    return prorate(price, quantity, period, (day, min(period[1], _after(valid_to))))


def extension(price: UnitPrice, quantity: int, *, day: date, valid_to: date, until: date, billing_cycle: str) -> Money:
    """What is charged now for moving the last day from `valid_to` to `until`.

    Monthly: only added days of the running month (later months are charged as they come). Yearly: all added days, each
    as its share of the year that begins where the old term ends.
    """
    start, end = _after(valid_to), _after(until)
    if billing_cycle == ONE_TIME:
        return Money.zero(price.currency)
    if billing_cycle == MONTHLY:
        period = month_of(day)
        begin, stop = max(start, day), min(end, period[1])
        return prorate(price, quantity, period, (begin, stop)) if begin < stop else Money.zero(price.currency)
    total, year = Money.zero(price.currency), 0
    while (begin := start + relativedelta(years=year)) < end:
        following = start + relativedelta(years=year + 1)
        total += prorate(price, quantity, (begin, following), (begin, min(following, end)))
        year += 1
    return total


def added_commitment(price: UnitPrice, quantity: int, *, valid_to: date, until: date, billing_cycle: str) -> Money:
    """What moving the last day from `valid_to` to `until` adds to the commitment, month by month or year by year."""
    if billing_cycle != MONTHLY:
        return extension(price, quantity, day=valid_to, valid_to=valid_to, until=until, billing_cycle=billing_cycle)
    total, begin, end = Money.zero(price.currency), _after(valid_to), _after(until)
    while begin < end:
        period = month_of(begin)
        stop = min(period[1], end)
        total += prorate(price, quantity, period, (begin, stop))
        begin = stop
    return total
