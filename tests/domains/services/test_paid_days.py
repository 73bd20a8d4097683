"""Whatever is extended, added, given back and cancelled: what was paid is the price of the seat-days promised."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from domains.kernel.config import Settings
from domains.kernel.errors import DomainError
from domains.kernel.money import Money
from domains.services import commands, db
from domains.services.lots import Lot, newest_first, take_back
from domains.services.models import Line, Subscription
from domains.services.pricing import ChangeTerms
from domains.services.queries.subscriptions import standing_of
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    POLICY,
    a_catalogue,
    a_line,
    a_plan,
    a_subscription,
    an_account,
    an_offer,
    at,
    begin,
    change_of,
    outcome,
)

PLANS = (
    a_plan("P1Y", "annual", EUR="292.00", JPY="43210"), a_plan("P3Y", "annual", EUR="251.37", JPY="40001"),
    a_plan("P1Y", "monthly", EUR="25.20", JPY="3900"), a_plan("P1M", "monthly", EUR="31.99", JPY="4321"),
)  # fmt: skip
START = at("2026-03-10T09:00:00+00:00")
DAY = timedelta(days=1)
ACTS = st.tuples(st.sampled_from(["extend", "change_quantity"]), st.integers(-8, 800))
STEPS = st.lists(st.tuples(st.integers(0, 3), ACTS), max_size=6)  # after how many days what is done


def bought(session: Session, plan: int, currency: str) -> Subscription:
    """Five seats, from 10 March 2026."""
    a_catalogue(session, an_offer(plans=PLANS, policy=POLICY | {"max_term_months": 60}, max_quantity=2000))
    account = an_account(session, currency=currency)
    wish = a_line(session, 5, term=PLANS[plan].term, billing_cycle=PLANS[plan].billing_cycle)
    return a_subscription(session, account, wish)


def changed(session: Session, held: Subscription, action: str, **wish: Any) -> ChangeTerms:
    """A whole change; the provider does what it is asked."""
    lots = standing_of(session, EVERYBODY, held).lots
    terms = change_of(session, held, action, **wish)
    begin(session, terms)
    more, now = terms.to_quantity - terms.from_quantity, START
    if action == "change_quantity":
        now = standing_of(session, EVERYBODY, held).now
        lots = take_back(lots, -more, now) if more < 0 else newest_first([*lots, Lot(more, now, now + 7 * DAY)])
    facts: dict[str, Any] = {"lots": lots, "quantity": terms.to_quantity}
    facts |= {"valid_to": terms.valid_to_wish} if action == "extend" else {}
    facts |= {"state": "canceled"} if action == "cancel" else {}
    commands.apply_change(session, change_id=terms.change_id, outcome=outcome(session, held, **facts))
    return terms


def worth(held: Subscription, seats: list[tuple[date, int]], until: date) -> Fraction:
    """What the seats held from day to day are worth, up to the last day that is paid for; reckoned day by day."""
    price, total, day = Fraction(held.unit_rate), Fraction(0), held.valid_from
    while day <= until:
        if held.billing_cycle == "monthly":
            first = day.replace(day=1)
            after = first + relativedelta(months=1)
        else:
            years = relativedelta(day, held.valid_from).years
            first = held.valid_from + relativedelta(years=years)
            after = held.valid_from + relativedelta(years=years + 1)
        held_then = [count for since, count in seats if since <= day][-1]
        total += price * held_then / (after - first).days
        day += DAY
    return total


def paid_until(held: Subscription) -> date:
    """Monthly: March. Yearly: the first year; and when the term was not longer, all that it was extended by."""
    if held.billing_cycle == "monthly":
        return min(date(2026, 3, 31), held.valid_to)
    return held.valid_to if held.term == "P1Y" else date(2027, 3, 9)


@pytest.mark.slow
@given(st.integers(0, 3), st.sampled_from(["EUR", "JPY"]), STEPS, st.booleans())
@example(0, "EUR", [(0, ("extend", 120))], True)
@example(0, "EUR", [(0, ("extend", 120)), (1, ("change_quantity", 7)), (1, ("change_quantity", -3))], False)
@example(0, "EUR", [(0, ("change_quantity", 7)), (2, ("extend", 700)), (1, ("change_quantity", -7))], True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_money_in_less_refunds_is_the_price_of_the_seat_days_promised(
    databases: Settings, clock: Clock, plan: int, currency: str, steps: list[Any], leave: bool
) -> None:
    clock.move_to(START)
    with db.begin() as session:
        held = bought(session, plan, currency)
        paid, seats = [Money.from_minor(session.get_one(Line, held.id).charge_now, currency)], [(held.valid_from, 5)]
        for days, (action, size) in [*steps, *([(0, ("cancel", 0))] if leave else [])]:
            clock.advance(days=days)
            wish = {"extend": {"valid_to": held.valid_to + size * DAY}, "cancel": {"mode": "now"},
                    "change_quantity": {"quantity": held.quantity + size}}[action]  # fmt: skip
            try:
                terms = changed(session, held, action, **wish)
            except DomainError:
                continue  # not allowed at that moment
            paid.append(terms.charge_now)
            seats.append((terms.effective_on, 0 if action == "cancel" else held.quantity))

    due = worth(held, seats, paid_until(held))
    got = Fraction(sum((one.amount for one in paid), Decimal(0)))
    step = Fraction(1) if currency == "JPY" else Fraction(1, 100)
    assert abs(got - due) <= step * len(paid) * 2  # each amount is rounded in up to four parts, half a step each


def test_what_an_extension_cost_is_paid_back_when_all_is_cancelled(databases: Settings, clock: Clock) -> None:
    clock.move_to(START)
    with db.begin() as session:
        held = bought(session, 0, "EUR")
        longer = changed(session, held, "extend", valid_to=date(2027, 6, 30))
        back = changed(session, held, "cancel", mode="now")

    assert longer.charge_now > Money.zero("EUR")
    assert back.refund == held.unit_price.times(5) + longer.charge_now
    assert back.commitment == -back.refund


@pytest.mark.parametrize("before", [True, False])
def test_seats_cost_the_same_whether_they_come_before_an_extension_or_after(
    databases: Settings, clock: Clock, before: bool
) -> None:
    clock.move_to(START)
    acts = [("change_quantity", {"quantity": 15}), ("extend", {"valid_to": date(2027, 6, 30)})]
    with db.begin() as session:
        held = bought(session, 0, "EUR")
        costs = [changed(session, held, action, **wish).charge_now for action, wish in (acts if before else acts[::-1])]

    assert sum(costs, Money.zero("EUR")) == Money.of("5340.37", "EUR")  # 10 × 365, and 15 × 365 × 113 / 366
