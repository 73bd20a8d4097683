"""Holding amounts for orders: what a budget and a credit limit leave, and how what is held is settled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.accounts import commands, db, queries
from domains.accounts.models import Account, Reservation
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid, NotFound, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.conftest import Clock
from tests.factories.accounts import a_customer, an_account, eur, opening, reserve


def spent(session: Session, account: Account) -> Money:
    return queries.spend_left(session, Scope.customer(account.customer_id), account.id).committed


def confirm(session: Session, reservation_id: Any, total: Money | None = None) -> None:
    commands.confirm_reservation(session, reservation_id=reservation_id, accepted_total=total)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Reservation)) or 0


def test_a_budget_can_be_spent_to_the_last_cent_and_no_further(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur("100.00"))
        reserve(session, account, eur("99.98"))
        reserve(session, account, eur("0.02"))
        with pytest.raises(Refused) as no:
            reserve(session, account, eur("0.01"))
        left = queries.spend_left(session, Scope.customer(account.customer_id), account.id)

        assert (no.value.code, no.value.params["left"], no.value.params["needed"]) == (
            "budget_exceeded", eur(0), eur("0.01"),
        )  # fmt: skip
        assert (left.committed, left.budget, left.left) == (eur(100), eur(100), eur(0))


def test_a_refusal_says_what_is_left_of_the_budget(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(100))
        reserve(session, account, eur("30.50"))
        with pytest.raises(Refused, match=r"budget of Head office leaves EUR 69\.50; this needs EUR 70\.00"):
            reserve(session, account, eur(70))

        assert count(session) == 1


def test_a_budget_that_was_lowered_leaves_less_than_nothing_and_refuses(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(100))
        reserve(session, account, eur(80))
        account.budget_minor = 5000
        with pytest.raises(Refused) as no:
            reserve(session, account, eur(1))

        assert no.value.params["left"] == eur(-30)


def test_the_credit_limit_holds_over_all_accounts_of_a_customer(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session, credit_limit=eur(100))
        one, other = (an_account(session, customer, name=name) for name in ("One", "Other"))
        reserve(session, one, eur(60))
        with pytest.raises(Refused, match=r"credit limit leaves EUR 40\.00; this needs EUR 40\.01") as no:
            reserve(session, other, eur("40.01"))
        reserve(session, other, eur(40))
        reserve(session, an_account(session, a_customer(session, credit_limit=eur(1))), eur(1))

        assert (no.value.code, no.value.params["left"]) == ("credit_exceeded", eur(40))


def test_without_budget_and_limit_anything_can_be_held(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session)
        reserve(session, account, eur(999_999_999))

        assert queries.spend_left(session, Scope.customer(account.customer_id), account.id).left is None


@pytest.mark.parametrize("amount", [eur(0), eur("-5")])
def test_nothing_is_held_for_zero_or_less(databases: Settings, amount: Money) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(0))
        reserve(session, account, amount)

        assert (count(session), spent(session, account)) == (0, eur(0))


def test_the_same_reservation_is_held_once_even_when_nothing_is_left(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(50))
        held = reserve(session, account, eur(50))
        reserve(session, account, eur(50), reservation_id=held)
        account.status = "suspended"
        reserve(session, account, eur(50), reservation_id=held)

        assert (count(session), spent(session, account)) == (1, eur(50))


def test_what_was_released_is_not_held_again_by_a_late_message(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(50))
        held = reserve(session, account, eur(50))
        commands.release_reservation(session, reservation_id=held)
        commands.release_reservation(session, reservation_id=held)
        reserve(session, account, eur(50), reservation_id=held)
        confirm(session, held, eur(50))

        assert (spent(session, account), session.get_one(Reservation, held).state) == (eur(0), "released")


def test_a_release_of_what_was_never_held_is_fine(databases: Settings) -> None:
    with db.begin() as session:
        commands.release_reservation(session, reservation_id=new_id())
        confirm(session, new_id(), eur(5))

        assert count(session) == 0


@pytest.mark.parametrize(
    ("accepted", "stays"),
    [(None, "80"), ("80", "80"), ("30", "30"), ("0", "0"), ("-3", "0"), ("80.01", "80")],
)
def test_what_the_provider_accepted_stays_and_never_more_than_was_held(
    databases: Settings, accepted: str | None, stays: str
) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(100))
        held = reserve(session, account, eur(80))
        total = eur(accepted) if accepted is not None else None
        confirm(session, held, total)
        confirm(session, held, eur(1))
        commands.release_reservation(session, reservation_id=held)

        assert spent(session, account) == eur(stays)
        reserve(session, account, eur(100) - eur(stays))


def test_an_amount_in_another_currency_is_neither_held_nor_settled(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session)
        with pytest.raises(Invalid) as no:
            reserve(session, account, Money.of(5, "JPY"))
        held = reserve(session, account, eur(5))
        with pytest.raises(Invalid):
            confirm(session, held, Money.of(5, "JPY"))

        assert (no.value.code, spent(session, account)) == ("currency_invalid", eur(5))


def test_nothing_is_held_on_an_account_that_is_not_open(databases: Settings) -> None:
    with db.begin() as session:
        account = session.get_one(Account, opening(session, a_customer(session)))
        for status in ("opening", "suspended", "closed"):
            account.status = status
            with pytest.raises(Refused) as no:
                reserve(session, account, eur(1))
            assert (no.value.code, no.value.field) == ("account_not_active", "account_id")


def test_nothing_is_held_on_an_account_of_another_customer(databases: Settings) -> None:
    with db.begin() as session:
        account, stranger = an_account(session), a_customer(session)
        for wrong in ({"customer_id": stranger}, {"account_id": new_id()}):
            with pytest.raises(NotFound) as no:
                reserve(session, account, eur(1), **wrong)
            assert no.value.code == "account_not_found"

        assert count(session) == 0


def test_a_month_ends_where_the_customer_is(databases: Settings, clock: Clock) -> None:
    clock.move_to(datetime.fromisoformat("2026-03-31T14:59:59+00:00"))
    with db.begin() as session:
        account = an_account(session, a_customer(session, time_zone="Asia/Tokyo"), budget=eur(100))
        confirm(session, reserve(session, account, eur(70)))
        waiting = reserve(session, account, eur(20))
        assert spent(session, account) == eur(90)

        clock.advance(seconds=1)  # midnight in Tokyo: April
        assert spent(session, account) == eur(20)  # what is still held, is held in any month
        commands.release_reservation(session, reservation_id=waiting)
        reserve(session, account, eur(100))


def test_credit_also_counts_what_was_bought_last_month(databases: Settings, clock: Clock) -> None:
    clock.move_to(datetime.fromisoformat("2025-12-31T12:00:00+00:00"))
    with db.begin() as session:
        account = an_account(session, a_customer(session, credit_limit=eur(100)))
        confirm(session, reserve(session, account, eur(100)))
        clock.move_to(datetime.fromisoformat("2026-01-31T12:00:00+00:00"))
        with pytest.raises(Refused):
            reserve(session, account, eur(1))
        clock.advance(days=1)  # February: what was bought in December is invoiced and due
        reserve(session, account, eur(100))
