"""Budgets: what an account is bound to pay this month, in each month to come, and until the last of its terms ends.

A budget counts what runs, not only what was bought this month: each subscription costs in the month in which a billing
period of it begins (a monthly one by the days of the month, a yearly one at its anniversary, what is bought once on its
day). To that comes what is held for orders under way and what is bought, but not told by services yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.money import Money, UnitPrice
from domains.kernel.paging import Page
from domains.kernel.proration import prorate
from domains.kernel.tenancy import Scope

from ..models import Account, BudgetAlert, Commitment, CustomerRef, Reservation
from . import accounts

AHEAD = 12  # months that an outlook shows
LONGEST = 120  # months that a commitment is counted for: no term is longer
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Spend:
    """What an account has committed this month and what is left of its monthly budget (None: no budget)."""

    committed: Money
    budget: Money | None
    left: Money | None


@dataclass(frozen=True)
class Month:
    """A calendar month: what is committed in it, and what is expected if everything that renews is renewed."""

    first: date
    committed: Money
    forecast: Money


@dataclass(frozen=True)
class Outlook:
    """What an account is bound to pay. `months` are this one and those to come; `to_term_end` is all of it from today
    to the last day of each term; `pending` is held for orders under way."""

    account: Account
    spend: Spend
    months: tuple[Month, ...]
    to_term_end: Money
    pending: Money
    commitment_left: Money | None


def outlook(session: Session, scope: Scope, account_id: UUID) -> Outlook:
    """The outlook of one of the caller's accounts."""
    return _outlook(session, accounts.get(session, scope, account_id))


def list_outlooks(
    session: Session, scope: Scope, *, customer_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Outlook]:
    """The outlooks of the caller's accounts, newest account first."""
    found = accounts.list_accounts(session, scope, customer_id=customer_id, cursor=cursor, limit=limit)
    return Page([_outlook(session, account) for account in found.items], found.next_cursor)


def spend_left(session: Session, scope: Scope, account_id: UUID) -> Spend:
    """What an account has committed this month and what its budget leaves."""
    account = accounts.get(session, scope, account_id)
    return _spend(account, committed_this_month(session, account))


def _spend(account: Account, committed: Money) -> Spend:
    return Spend(committed, account.budget, account.budget - committed if account.budget is not None else None)


def committed_this_month(session: Session, account: Account) -> Money:
    """What this month costs an account by what runs, what is held, and what is bought but not told of yet."""
    today = today_of(session, account.customer_id)
    running = sum((cost_in(one, today, renews=False) for one in commitments(session, account.id)), _zero(account))
    return running + pending(session, account)


def committed_at_most(session: Session, account: Account) -> Money:
    """What an account has committed this month or the next, whichever is more: on a month's last days what was bought
    costs little until the next begins."""
    today, running = today_of(session, account.customer_id), commitments(session, account.id)
    months = (today, today.replace(day=1) + relativedelta(months=1))
    sums = [sum((cost_in(one, day, renews=False) for one in running), _zero(account)) for day in months]
    return (sums[0] if sums[0].minor >= sums[1].minor else sums[1]) + pending(session, account)


def left_at_least(session: Session, account: Account) -> Money | None:
    """What the monthly budget leaves in this month or the next, whichever is less; None without a budget."""
    return None if account.budget is None else account.budget - committed_at_most(session, account)


def ceiling_left(session: Session, account: Account) -> Money | None:
    """What may still be owed until the terms end; None without a ceiling."""
    ceiling = account.commitment_limit
    return None if ceiling is None else ceiling - committed_to_term_end(session, account)


def money_of(account: Account, minor: int | None) -> Money | None:
    """Minor units as an amount in an account's currency."""
    return None if minor is None else Money.from_minor(minor, account.currency)


def pending(session: Session, account: Account) -> Money:
    """What is held for an account, or was bought this month and is not among its commitments yet."""
    since = accounts.month_start(session, account.customer_id)
    whose = (Reservation.account_id == account.id) & or_(Reservation.counted.is_(None), Reservation.counted == false())
    return Money.from_minor(accounts.committed_minor(session, whose, since), account.currency)


def committed_to_term_end(session: Session, account: Account) -> Money:
    """All that an account is bound to pay from this month on until each term ends, with what is pending."""
    today = today_of(session, account.customer_id)
    return _to_term_end(commitments(session, account.id), today, account) + pending(session, account)


def commitments(session: Session, account_id: UUID) -> list[Commitment]:
    """What runs in an account, as services have told."""
    return list(session.scalars(select(Commitment).where(Commitment.account_id == account_id)))


def today_of(session: Session, customer_id: UUID) -> date:
    """The day where a customer is."""
    customer = session.get(CustomerRef, customer_id)
    return clock.local_day(clock.business_now(session), customer.time_zone if customer else "UTC")


def _outlook(session: Session, account: Account) -> Outlook:
    today, running = today_of(session, account.customer_id), commitments(session, account.id)
    waiting = pending(session, account)
    first = today.replace(day=1)
    months = [_month(running, first + relativedelta(months=ahead), account) for ahead in range(AHEAD)]
    months[0] = Month(first, months[0].committed + waiting, months[0].forecast + waiting)
    bound = _to_term_end(running, today, account) + waiting
    ceiling = account.commitment_limit
    left = ceiling - bound if ceiling is not None else None
    return Outlook(account, _spend(account, months[0].committed), tuple(months), bound, waiting, left)


def _month(running: Iterable[Commitment], first: date, account: Account) -> Month:
    sums = [_zero(account), _zero(account)]
    for one in running:
        sums = [total + cost_in(one, first, renews=renews) for total, renews in zip(sums, (False, True), strict=True)]
    return Month(first, *sums)


def _to_term_end(running: Iterable[Commitment], today: date, account: Account) -> Money:
    total, first = _zero(account), today.replace(day=1)
    for one in running:
        last = min(one.valid_to, first + relativedelta(months=LONGEST))
        ahead = max((last.year - first.year) * 12 + last.month - first.month, 0)
        total += sum(
            (cost_in(one, first + relativedelta(months=n), renews=False) for n in range(ahead + 1)), _zero(account)
        )
    return total


def cost_in(one: Commitment, day: date, *, renews: bool) -> Money:
    """What a commitment costs in the calendar month of a day; with `renews`, also after its term if it renews."""
    first = day.replace(day=1)
    after = first + relativedelta(months=1)
    end = after if renews and one.auto_renew else min(after, _day_after(one.valid_to))
    begin = max(first, one.valid_from)
    if not one.is_live or begin >= end:
        return Money.zero(one.currency)
    price = Money.from_minor(one.cycle_minor, one.currency)
    if one.billing_cycle == "monthly":
        return prorate(UnitPrice(price.amount, one.currency), 1, (first, after), (begin, end))
    if one.billing_cycle == "annual":
        return _of_year(one, price, first, end, renews=renews)
    return price if first <= one.valid_from < after else Money.zero(one.currency)


def _of_year(one: Commitment, price: Money, first: date, end: date, *, renews: bool) -> Money:
    """What the year of a term costs that begins in a month, before its `end`: of the last one only the days it has."""
    years = first.year - one.valid_from.year
    year = [one.valid_from + relativedelta(years=years + more) for more in (0, 1)]
    if not first <= year[0] < end:
        return Money.zero(one.currency)
    last = year[1] if renews and one.auto_renew else min(year[1], _day_after(one.valid_to))
    return prorate(UnitPrice(price.amount, one.currency), 1, (year[0], year[1]), (year[0], last))


def _day_after(day: date) -> date:
    return day if day == date.max else day + _DAY


def _zero(account: Account) -> Money:
    return Money.zero(account.currency)


def told(session: Session, account_id: UUID, since: date) -> set[int]:
    """The percents of an account's budget that somebody was told of since the first day of a month."""
    query = select(BudgetAlert.percent).where(BudgetAlert.account_id == account_id, BudgetAlert.month == since)
    return set(session.scalars(query))
