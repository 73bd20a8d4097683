"""What the provider bills us is passed on once, whatever it says twice, later, otherwise or to nobody we know."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select

from domains.billing import db
from domains.billing.commands import ProviderLine
from domains.billing.models import ProviderLine as Kept
from domains.kernel.config import Settings
from domains.kernel.money import Money
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, a_provider_line, charge, charge_change, charges, draft

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture(autouse=True)
def in_april(databases: Settings, clock: Clock) -> None:
    clock.advance(days=22)


def sold(amount: str = "630.00", until: date = date(2026, 3, 31), first: date = MARCH) -> tuple[UUID, UUID]:
    """(payer, subscription) of 20 seats."""
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, line := a_line(amount, charged_until=until), customer_id=payer_id, effective_on=first)
    return payer_id, line.subscription_id


def judged(payer_id: UUID, *lines: ProviderLine, month: date = MARCH) -> list[tuple[str, str | None]]:
    """(state, reason) of each line after the month was drafted, in the order given."""
    draft(payer_id, *lines, month=month)
    with db.begin_read() as session:
        found = {one.line_id: (one.state, one.reason) for one in session.scalars(select(Kept))}
    return [found[line.line_id] for line in lines]


def amounts() -> list[str]:
    with db.begin_read() as session:
        return sorted(f"{one.kind} {one.amount.amount}" for one in charges(session))


def test_the_same_days_billed_on_two_lines_are_passed_on_once() -> None:
    payer_id, subscription = sold()
    twice = [a_provider_line(subscription, line_id=f"BL-{n}") for n in (1, 2)]

    assert judged(payer_id, *twice) == [("matched", None), ("mismatch", "doubled")]
    assert amounts() == ["activation 630.00"]


def test_the_same_line_given_twice_is_one() -> None:
    payer_id, subscription = sold(until=date(2026, 2, 28), first=date(2026, 2, 10))
    line = a_provider_line(subscription)

    assert judged(payer_id, line, line) == [("matched", None)] * 2
    assert amounts() == ["activation 630.00", "period 630.00"]


def test_two_changes_alike_on_one_day_have_a_line_each() -> None:
    payer_id, subscription = sold()
    with db.begin() as session:
        for _ in range(2):
            charge_change(session, Money.of("111.77", "EUR"), customer_id=payer_id, subscription_id=subscription)
    added = {"quantity": 5, "first": date(2026, 3, 10), "cost": Money.of("80.00", "EUR"), "kind": "proration"}
    lines = [a_provider_line(subscription, **added) for _ in range(3)]

    found = judged(payer_id, *lines)

    assert sorted(map(str, found)) == ["('matched', None)", "('matched', None)", "('mismatch', 'doubled')"]


def test_a_line_that_says_something_else_later_is_for_a_person() -> None:
    payer_id, subscription = sold()
    first = a_provider_line(subscription, line_id="BL-1")
    judged(payer_id, first)

    dearer = a_provider_line(subscription, line_id="BL-1", cost=Money.of("400.01", "EUR"))

    assert judged(payer_id, dearer, month=APRIL) == [("mismatch", "changed")]
    assert amounts() == ["activation 630.00"]


def test_what_is_bought_once_is_never_charged_again() -> None:
    payer_id, subscription = sold(until=date.max)
    once, again = (a_provider_line(subscription, line_id=str(day), first=day, after=day) for day in (MARCH, APRIL))
    other = a_provider_line(subscription, quantity=3)

    found = judged(payer_id, once, again, other)

    assert found == [("matched", None), ("mismatch", "doubled"), ("mismatch", "no_charge")]
    assert amounts() == ["activation 630.00"]


def test_a_line_in_another_currency_is_never_passed_on() -> None:
    payer_id, subscription = sold(until=date(2026, 2, 28), first=date(2026, 2, 10))

    assert judged(payer_id, a_provider_line(subscription, cost=Money.of("1", "JPY"))) == [("mismatch", "currency")]
    assert amounts() == ["activation 630.00"]


def test_a_line_that_costs_more_than_it_brings_is_passed_on_and_shown() -> None:
    payer_id, subscription = sold()

    dear = a_provider_line(subscription, cost=Money.of("630.01", "EUR"))

    assert judged(payer_id, dear) == [("matched", "costs_more")]


@pytest.mark.parametrize(
    "days", [(MARCH, date(2026, 4, 15)), (date(2026, 2, 27), APRIL), (APRIL, MARCH), (MARCH, MARCH)],
    ids=["goes_on_too_long", "begins_too_early", "runs_backwards", "has_no_day"],
)  # fmt: skip
def test_a_line_with_odd_days_holds_up_no_invoice(days: tuple[date, date]) -> None:
    payer_id, subscription = sold(until=date(2026, 2, 28), first=date(2026, 2, 10))

    odd = a_provider_line(subscription, first=days[0], after=days[1])

    assert judged(payer_id, odd) == [("mismatch", "no_charge")]
    assert amounts() == ["activation 630.00"]


def the_month(subscription: UUID) -> list[ProviderLine]:
    """A month with everything in it: a cycle that goes on, seats that come and go, and a line that fits nothing."""
    cases: list[dict[str, Any]] = [
        {}, {"quantity": 5, "first": date(2026, 3, 10)}, {"quantity": -5, "first": date(2026, 3, 12), "kind": "refund"},
        {"quantity": 7, "first": date(2026, 3, 10)}, {"quantity": 5, "first": date(2026, 3, 10)},
    ]  # fmt: skip
    cheap = Money.of("1.00", "EUR")
    return [a_provider_line(subscription, line_id=f"BL-{n}", cost=cheap, **case) for n, case in enumerate(cases)]


@examples(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(5)))
def test_the_order_of_the_lines_does_not_matter(order: list[int]) -> None:
    with db.begin() as session:
        session.execute(Kept.__table__.delete())
        for one in charges(session):
            session.delete(one)
    payer_id, subscription = sold(until=date(2026, 2, 28), first=date(2026, 2, 10))
    known: dict[str, Any] = {"customer_id": payer_id, "subscription_id": subscription}
    with db.begin() as session:
        charge_change(session, Money.of("111.77", "EUR"), **known)
        charge_change(session, Money.of("-101.61", "EUR"), **known, from_quantity=25, to_quantity=20,
                      effective_on=date(2026, 3, 12))  # fmt: skip
    lines = the_month(subscription)

    judged(payer_id, *(lines[n] for n in order))

    assert judged(payer_id, *lines) == [
        ("matched", None), ("matched", None), ("matched", None), ("mismatch", "no_charge"), ("mismatch", "doubled"),
    ]  # fmt: skip
    assert amounts() == ["activation 630.00", "change_quantity -101.61", "change_quantity 111.77", "period 630.00"]


def months_after(day: date, count: int) -> list[tuple[date, date]]:
    """The calendar months that follow a day's: [first day, day after the last)."""
    turns = [(day + relativedelta(months=n)).replace(day=1) for n in range(1, count + 2)]
    return list(itertools.pairwise(turns))


@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dates(date(2024, 1, 1), date(2026, 1, 31)), st.lists(st.booleans(), min_size=3, max_size=3))
def test_every_day_is_charged_once_wherever_a_subscription_begins(start: date, early: list[bool]) -> None:
    """Also where the provider's line begins a day early, in its own zone, and comes a second time under another id."""
    with db.begin() as session:
        session.execute(Kept.__table__.delete())
        for one in charges(session):
            session.delete(one)
    months = months_after(start, 3)
    payer_id, subscription = sold(until=months[0][0] - timedelta(days=1), first=start)

    for (first, after), a_day in zip(months, early, strict=True):
        begins = first - timedelta(days=1) if a_day and first - timedelta(days=1) >= start else first
        known = {"first": begins, "after": after, "period_first": first, "period_after": after}
        if begins < first:
            known["period_first"] = begins
        judged(payer_id, *(a_provider_line(subscription, **known) for _ in range(2)), month=first)

    with db.begin_read() as session:
        days = sorted((one.effective_on, one.until) for one in charges(session))
    assert days[0][0] == start and days[-1][1] == months[-1][1] - timedelta(days=1)
    assert all(until + timedelta(days=1) == following for (_, until), (following, _) in itertools.pairwise(days))
