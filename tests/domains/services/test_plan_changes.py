"""Another plan: what it costs and gives back to the day, what becomes of the subscription, and what is planned."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domains.kernel.config import Settings
from domains.kernel.errors import DomainError, Invalid, NotFound, Refused
from domains.kernel.money import Money, precision
from domains.services import commands, db, queries
from domains.services.models import Line
from domains.services.pricing import PlanChangeTerms
from tests.conftest import Clock
from tests.factories.plans import PLANS, PRO, TRIAL, a_flexible, made, offer_id, offers, policy
from tests.factories.services import (
    EVERYBODY,
    a_catalogue,
    a_line,
    a_subscription,
    an_account,
    at,
    change_of,
    on,
    outcome,
)

START = at("2026-03-10T09:00:00+00:00")


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def test_a_higher_edition_costs_the_difference_of_the_days_left(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        clock.advance(days=5)
        terms = change_of(session, held, "change_plan", offer_id=offer_id(session))

    assert isinstance(terms, PlanChangeTerms)
    assert terms.plan.refund == eur("345.48")  # 20 × 31.50 × 17 of 31 days
    assert terms.plan.charge == eur("552.77")  # 20 × 50.40 × 17 of 31 days
    assert (terms.charge_now, terms.refund, terms.reserve) == (eur("207.29"), eur("0"), eur("207.29"))
    assert terms.every_month == eur("378.00")
    assert (terms.plan.valid_from, terms.plan.valid_to) == (on("2026-03-10"), on("2027-03-09"))
    assert terms.undo_until is None  # the window of what was bought before stays


def test_a_longer_term_begins_today_and_opens_its_windows(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        clock.advance(days=30)
        terms = change_of(session, held, "change_plan", term="P3Y", billing_cycle="annual")

    assert isinstance(terms, PlanChangeTerms)
    assert (terms.plan.valid_from, terms.plan.valid_to) == (on("2026-04-09"), on("2029-04-08"))
    assert terms.plan.charge == terms.plan.unit_price.times(20)  # a whole year
    assert terms.plan.refund == eur("462.00")  # 22 of 30 days of April
    assert terms.plan.charged_until == on("2027-04-08")
    assert terms.undo_until == at("2026-04-16T09:00:00+00:00")
    assert terms.commitment == terms.plan.unit_price.times(20 * 3) - eur("462.00") - eur("6482.90")


def test_a_trial_becomes_what_it_tried_in_the_quantity_that_is_wanted(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        a_catalogue(session, *offers())
        choice = msgspec.structs.replace(
            policy(session).transitions[1], kind="conversion", term="P1Y", billing_cycle="monthly"
        )
        allows = policy(session, transitions=(choice,), can_suspend=False)
        held = a_subscription(session, an_account(session), a_line(session, 25, TRIAL), policy=allows)
        clock.advance(days=3)
        terms = change_of(session, held, "change_plan", offer_id=offer_id(session, PRO), quantity=10)
        assert isinstance(terms, PlanChangeTerms)
        made(session, held, terms)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert (terms.plan.refund, terms.from_quantity, terms.to_quantity) == (eur("0"), 25, 10)
    assert terms.charge_now == terms.plan.charge == eur("193.06")  # 10 × 31.50 × 19 of 31 days
    assert (view.name, view.kind, view.quantity, view.term) == ("Analytics Pro", "seat", 10, "P1Y")
    assert (view.valid_from, view.valid_to) == (on("2026-03-13"), on("2027-03-12"))


def test_after_the_change_it_is_of_the_other_plan_at_the_price_that_was_agreed(
    databases: Settings, clock: Clock
) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        terms = change_of(session, held, "change_plan", offer_id=offer_id(session))
        made(session, held, terms)
        made_again = commands.apply_change(
            session, change_id=terms.change_id, outcome=outcome(session, held, quantity=1)
        )
        view = queries.get_subscription(session, EVERYBODY, held.id)
        change = queries.list_changes(session, EVERYBODY, held.id)[0]

    assert made_again is None and view.quantity == 20
    assert (view.name, view.unit_price.amount, str(view.offer_id)) == (
        "Analytics Pro Plus", Decimal("50.40"), change.wish["plan"]["offer_id"],
    )  # fmt: skip
    assert (change.kind, change.state, view.open_change_id) == ("change_plan", "done", None)


@pytest.mark.parametrize(
    ("wish", "kind", "code"),
    [
        ({}, Invalid, "plan_missing"),
        ({"term": "P9Y"}, Refused, "plan_not_offered"),
        ({"term": "P1Y", "billing_cycle": "annual"}, Refused, "plan_not_offered"),
        ({"offer_id": on}, NotFound, "offer_not_found"),
        ({"term": "P3Y", "quantity": 301}, Invalid, "quantity_out_of_range"),
        ({"term": "P3Y", "quantity": 19}, Invalid, "quantity_out_of_range"),
    ],
)  # fmt: skip
def test_a_plan_that_is_not_offered_is_refused_with_those_that_are(
    databases: Settings, wish: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        asked = wish | ({"offer_id": held.id} if "offer_id" in wish else {})
        with pytest.raises(kind) as no:
            change_of(session, held, "change_plan", **asked)

    assert no.value.code == code
    assert code != "plan_not_offered" or "Analytics Pro Plus, P1Y, monthly" in str(no.value.detail)


def test_a_promise_of_one_plan_is_none_of_another(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_flexible(session)
        asked = {"scope": EVERYBODY, "subscription_id": held.id, "action": "change_plan"}
        promise = commands.preview_change(session, **asked, term="P3Y", billing_cycle="annual")
        clock.advance(minutes=5)
        kept = change_of(session, held, "change_plan", term="P3Y", billing_cycle="annual", preview_id=promise.id)
        other = commands.preview_change(session, scope=EVERYBODY, subscription_id=held.id, action="suspend")
        for preview in (promise, other):  # of another plan, and of no plan at all
            with pytest.raises(Refused) as no:
                change_of(session, held, "change_plan", offer_id=offer_id(session), preview_id=preview.id)

    assert promise.terms is not None and kept.charge_now == promise.terms.charge_now
    assert no.value.code == "preview_mismatch"


TERMS = st.sampled_from(
    [(one.term, one.billing_cycle) for one in PLANS if one.billing_cycle == "annual" or one.term != "P3Y"]
)


@given(plan=TERMS, currency=st.sampled_from(["EUR", "JPY"]), seats=st.integers(1, 300), days=st.integers(0, 364),
       pick=st.integers(0, 4), more=st.integers(0, 5))  # fmt: skip
@example(("P1Y", "annual"), "JPY", 7, 0, 0, 0)
@example(("P1M", "monthly"), "EUR", 300, 30, 2, 0)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.slow
def test_what_a_change_of_plan_costs_is_the_price_of_its_days_less_that_of_the_days_not_used(
    databases: Settings, clock: Clock, plan: tuple[str, str], currency: str, seats: int, days: int, pick: int, more: int
) -> None:
    clock.move_to(START)
    with db.begin() as session:
        held = a_flexible(session, seats, *plan, currency=currency)
        clock.move_to(START + timedelta(days=min(days, (held.valid_to - held.valid_from).days)))
        offered = queries.plan_offers(session, EVERYBODY, held.id)
        chosen = offered[pick % len(offered)]
        quantity = min(max(seats, chosen.choice.min_quantity) + more, 300)
        wish = {"offer_id": chosen.offer_id, "term": chosen.term, "billing_cycle": chosen.billing_cycle}
        terms = change_of(session, held, "change_plan", quantity=quantity, **wish)
        assert isinstance(terms, PlanChangeTerms)
        first = session.get_one(Line, held.id).charge_now
        before = worth(
            held.unit_rate, seats, plan[1], held.valid_from, clock.now.date(), paid_to(held, clock.now.date())
        )
        new = terms.plan
        after = worth(
            new.unit_price.amount, quantity, new.billing_cycle, new.valid_from, clock.now.date(), new.charged_until
        )

    step = Fraction(1, 10 ** precision(currency))
    periods = 4  # each billing period is rounded once
    assert abs(Fraction(new.refund.amount) - before) <= step * periods / 2
    assert abs(Fraction(new.charge.amount) - after) <= step * periods / 2
    assert terms.charge_now == new.charge - new.refund
    assert new.refund.minor <= first or plan[1] == "monthly"
    assert new.valid_from <= new.charged_until <= new.valid_to


def paid_to(held: Any, day: date) -> date:
    """The last day that the plan before is paid for on a day, counted apart from the code under test."""
    if held.billing_cycle == "monthly":
        return min(day.replace(day=1) + relativedelta(months=1) - timedelta(days=1), held.valid_to)
    years = relativedelta(day, held.valid_from).years
    return min(held.valid_from + relativedelta(years=years + 1) - timedelta(days=1), held.valid_to)


def worth(price: Any, seats: int, cycle: str, first: date, begin: date, until: date) -> Fraction:
    """What seats are worth from a day to another, day by day."""
    total, day = Fraction(0), begin
    while day <= until:
        if cycle == "monthly":
            start = day.replace(day=1)
            after = start + relativedelta(months=1)
        else:
            years = relativedelta(day, first).years
            start, after = first + relativedelta(years=years), first + relativedelta(years=years + 1)
        total += Fraction(price) * seats / (after - start).days
        day += timedelta(days=1)
    return total
