"""A budget counts what runs until its term ends, and tells once of each part that is reached."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.accounts import commands, db, queries
from domains.accounts.models import Account, Commitment
from domains.accounts.queries import budgets
from domains.accounts.queries.budgets import cost_in
from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid, Refused
from domains.kernel.messages import acting
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.factories.accounts import an_account, eur, reserve

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def a_commitment(session: Session, account: Account, **but: Any) -> UUID:
    """Twenty seats for a year, 400.00 a month."""
    known: dict[str, Any] = {
        "subscription_id": new_id(), "account_id": account.id, "customer_id": account.customer_id, "reseller_id": None,
        "name": "Analytics Pro", "currency": account.currency, "cycle_minor": 40_000, "billing_cycle": "monthly",
        "valid_from": date(2026, 1, 10), "valid_to": date(2027, 1, 9), "auto_renew": True, "state": "active",
        "version": 1,
    } | but  # fmt: skip
    commands.know_commitment(session, **known)
    found: UUID = known["subscription_id"]
    return found


def events(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(select(db.outbox.c.type, db.outbox.c.body).order_by(db.outbox.c.at))
    return [(row.type, row.body["percent"]) for row in rows if row.type == "accounts.BudgetReached"]


def outlook(session: Session, account: Account) -> queries.Outlook:
    return queries.outlook(session, Scope.operator(), account.id)


def test_what_runs_counts_in_each_month_until_its_term_ends_and_is_expected_beyond(databases: object) -> None:
    with clock.frozen_at(NOW), db.begin() as session:
        account = an_account(session, budget=eur(1000))
        a_commitment(session, account)

        found = outlook(session, account)

    assert found.spend.left == eur(600)
    assert [one.committed for one in found.months[:10]] == [eur(400)] * 10
    assert (found.months[10].committed, found.months[10].forecast) == (Money.of("116.13", "EUR"), eur(400))
    assert (found.months[11].committed, found.months[11].forecast) == (eur(0), eur(400))
    assert found.to_term_end == eur(4000) + Money.of("116.13", "EUR")


def test_an_order_is_refused_for_what_runs_already(databases: object) -> None:
    with clock.frozen_at(NOW), db.begin() as session:
        account = an_account(session, budget=eur(1000))
        a_commitment(session, account)

        reserve(session, account, eur(600))
        with pytest.raises(Refused, match="leaves"):
            reserve(session, account, eur(1))


def test_what_costs_little_on_the_last_day_of_a_month_counts_as_the_next_month(databases: object) -> None:
    with clock.frozen_at(datetime(2026, 3, 31, 9, tzinfo=UTC)), db.begin() as session:
        account = an_account(session, budget=eur(1000))
        a_commitment(session, account, valid_from=date(2026, 3, 31), valid_to=date(2027, 3, 30), cycle_minor=90_000)

        assert budgets.committed_this_month(session, account) == Money.of("29.03", "EUR")
        with pytest.raises(Refused, match="leaves"):
            reserve(session, account, eur(200))


def test_what_was_held_for_a_run_is_counted_once_when_its_subscription_is_known(databases: object) -> None:
    run_id = new_id()
    with clock.frozen_at(NOW), db.begin() as session:
        account = an_account(session, budget=eur(1000))
        with acting(run_id=run_id):
            held = reserve(session, account, eur(400))
        before = budgets.committed_this_month(session, account)
        a_commitment(session, account, valid_from=date(2026, 3, 1), valid_to=date(2027, 2, 28), run_id=run_id)
        commands.confirm_reservation(session, reservation_id=held)

        assert (before, budgets.committed_this_month(session, account)) == (eur(400), eur(400))


def test_older_facts_about_a_subscription_are_left_aside(databases: object) -> None:
    with db.begin() as session:
        account = an_account(session)
        known = a_commitment(session, account, version=3, state="canceled")
        a_commitment(session, account, subscription_id=known, version=2)

        assert session.get_one(Commitment, known).state == "canceled"


def test_each_part_of_a_budget_is_told_of_once_a_month_and_the_highest_alone(databases: object) -> None:
    with clock.frozen_at(NOW), db.begin() as session:
        account = an_account(session, budget=eur(1000))
        known = {"scope": Scope.operator(), "account_id": account.id, "expected_version": None}
        commands.set_budget(session, **known, alerts=[100, 50, 80], beyond="warn")
        seats = a_commitment(session, account, cycle_minor=90_000)
        a_commitment(session, account, subscription_id=seats, cycle_minor=95_000, version=2)
        first = events(session)
        a_commitment(session, account, subscription_id=seats, cycle_minor=100_000, version=3)
        second = events(session)
    with clock.frozen_at(NOW.replace(month=4)), db.begin() as session:
        commands.warn(session, account.id)
        third = events(session)

    told = "accounts.BudgetReached"
    assert (first, second) == ([(told, 80)], [(told, 80), (told, 100)])
    assert third == [(told, 80), (told, 100), (told, 100)]


def test_an_order_passes_a_budget_that_only_warns(databases: object) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(100))
        known = {"scope": Scope.operator(), "account_id": account.id, "expected_version": None}
        commands.set_budget(session, **known, beyond="warn")

        reserve(session, account, eur(500))


def test_an_order_is_refused_by_the_ceiling_over_all_terms(databases: object) -> None:
    with clock.frozen_at(NOW), db.begin() as session:
        account = an_account(session)
        known = {"scope": Scope.operator(), "account_id": account.id, "expected_version": None}
        commands.set_budget(session, **known, commitment_limit=eur(4200))
        a_commitment(session, account)

        reserve(session, account, Money.of("83.87", "EUR"))
        with pytest.raises(Refused, match="until its terms end") as no:
            reserve(session, account, Money.of("0.01", "EUR"))

    assert no.value.code == "commitment_exceeded"


def test_of_a_year_that_ends_early_only_its_days_are_owed(databases: object) -> None:
    known: dict[str, Any] = {"billing_cycle": "annual", "cycle_minor": 36_500, "valid_from": date(2026, 1, 10)}
    with clock.frozen_at(NOW), db.begin() as session:
        account = an_account(session)
        a_commitment(session, account, **known, valid_to=date(2027, 3, 10))  # a year, and two months more

        found = outlook(session, account)

    assert found.to_term_end == eur(60)  # the second year's 60 days; the first was paid in January
    assert (found.months[10].committed, found.months[10].forecast) == (eur(60), eur(365))


WRONG = [{"beyond": "ignore"}, {"alerts": [0]}, {"alerts": [201]}, {"alerts": list(range(1, 7))}]


@pytest.mark.parametrize("wrong", WRONG)
def test_limits_that_mean_nothing_are_refused(databases: object, wrong: dict[str, Any]) -> None:
    with db.begin() as session:
        account = an_account(session)
        known = {"scope": Scope.operator(), "account_id": account.id, "expected_version": None}
        with pytest.raises(Invalid):
            commands.set_budget(session, **known, **wrong)


@given(
    start=st.dates(date(2024, 1, 1), date(2026, 12, 31)), years=st.integers(1, 3),
    cycle=st.sampled_from(["monthly", "annual"]), cents=st.integers(0, 10_000_000),
    currency=st.sampled_from(["EUR", "JPY"]),
)  # fmt: skip
def test_the_months_of_a_term_add_up_to_its_price(
    start: date, years: int, cycle: str, cents: int, currency: str
) -> None:
    end = date(start.year + years, start.month, min(start.day, 28))
    one = Commitment(
        currency=currency, cycle_minor=cents, billing_cycle=cycle, valid_from=start.replace(day=min(start.day, 28)),
        valid_to=date.fromordinal(end.toordinal() - 1), auto_renew=False, state="active",
    )  # fmt: skip
    firsts = [date(start.year + n // 12, n % 12 + 1, 1) for n in range(12 * (years + 2))]

    total = sum(cost_in(one, first, renews=False).minor for first in firsts)

    whole = cents * years * (12 if cycle == "monthly" else 1)
    # the days before and after a month's turn are shares of months of one length, but of a leap year's February
    apart = 0 if cycle == "annual" else 1 if start.month != 2 else cents // 20 + 1
    assert abs(total - whole) <= apart
