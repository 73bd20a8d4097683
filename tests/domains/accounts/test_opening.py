"""Opening accounts: who may, what a name must be, and how an opening that comes to nothing is taken back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from domains.accounts import commands, db, queries
from domains.accounts.models import Account
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError, Invalid, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.conftest import Clock
from tests.factories.accounts import CCP_CUSTOMER, a_customer, activate, an_account, eur, opening, told


def count(session: Any) -> int:
    return session.scalar(select(func.count()).select_from(Account))


def entries(session: Any) -> list[str]:
    """What the audit trail says was done."""
    entry = db.audit_entry
    return list(session.scalars(select(entry.c.action).order_by(entry.c.at, entry.c.id)))


def test_an_account_begins_opening_in_its_customers_currency(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        customer = a_customer(session, currency="JPY", time_zone="Asia/Tokyo")
        budget = Money.of(500_000, "JPY")
        account_id = opening(session, customer, name="  Head \n office ", budget=budget, cost_centre="4711")
        account = queries.get(session, Scope.customer(customer), account_id)

        assert (account.name, account.status, account.currency, account.budget) == (
            "Head office", "opening", "JPY", budget,
        )  # fmt: skip
        assert (account.version, account.created_at, account.opened_at) == (1, clock.now, None)
        assert (told(session), entries(session)) == ([], ["accounts.open"])


@pytest.mark.parametrize("status", ["onboarding", "suspended", "closed"])
def test_a_customer_that_is_not_active_opens_nothing(databases: Settings, status: str) -> None:
    with db.begin() as session:
        customer = a_customer(session, status=status)
        with pytest.raises(Refused) as no:
            opening(session, customer)

        assert (no.value.code, count(session)) == ("customer_not_active", 0)


def test_a_customer_that_is_not_known_opens_nothing(databases: Settings) -> None:
    with db.begin() as session:
        wish: dict[str, Any] = {"name": "A", "cost_centre": None, "po_reference": None, "budget": None}
        with pytest.raises(Refused) as no:
            commands.open_account(session, account_id=new_id(), customer_id=new_id(), reseller_id=None, **wish)

        assert (no.value.code, count(session)) == ("customer_not_active", 0)


@pytest.mark.parametrize("name", ["Zürich", "ZÜRICH", " zürich ", "Zu\u0308rich", "\uff3aürich"])
def test_a_name_is_taken_however_it_is_written(databases: Settings, name: str) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        opening(session, customer, name="Zürich")
        with pytest.raises(Refused) as no:
            opening(session, customer, name=name)

        assert (no.value.code, no.value.field, count(session)) == ("name_taken", "name", 1)


def test_another_customer_may_use_the_same_name(databases: Settings) -> None:
    with db.begin() as session:
        opening(session, a_customer(session))
        opening(session, a_customer(session))

        assert count(session) == 2


@pytest.mark.parametrize("name", ["", " \t\n ", "x" * 121])
def test_a_name_has_1_to_120_characters(databases: Settings, name: str) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        with pytest.raises(Invalid) as no:
            opening(session, customer, name=name)
        opening(session, customer, name="x" * 120)

        assert (no.value.code, no.value.field, count(session)) == ("name_invalid", "name", 1)


@pytest.mark.parametrize("budget", [eur("-0.01"), Money.of(100, "JPY")])
def test_a_budget_is_not_negative_and_in_the_customers_currency(databases: Settings, budget: Money) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        with pytest.raises(Invalid) as no:
            opening(session, customer, budget=budget)

        assert (no.value.code, no.value.field, count(session)) == ("budget_invalid", "budget", 0)
        assert "EUR" in str(no.value)


def test_a_budget_of_zero_is_a_budget(databases: Settings) -> None:
    with db.begin() as session:
        assert an_account(session, budget=eur(0)).budget == eur(0)


def test_opening_twice_is_opening_once(databases: Settings) -> None:
    with db.begin() as session:
        customer, account_id = a_customer(session), new_id()
        opening(session, customer, account_id=account_id)
        opening(session, customer, account_id=account_id)

        assert (count(session), entries(session)) == (1, ["accounts.open"])


def test_a_discarded_account_is_closed_and_frees_its_name(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        account_id = opening(session, customer)
        commands.discard_account(session, account_id=account_id)
        commands.discard_account(session, account_id=account_id)
        commands.discard_account(session, account_id=new_id())
        opening(session, customer)

        discarded = session.get_one(Account, account_id)
        assert (discarded.status, discarded.version) == ("closed", 2)
        assert entries(session) == ["accounts.open", "accounts.discard", "accounts.open"]


def test_an_open_account_is_not_discarded(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session)
        commands.discard_account(session, account_id=account.id)

        assert account.status == "active"


def test_an_activated_account_is_told_of_once(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        account_id = opening(session, customer)
        activate(session, account_id)
        activate(session, account_id)
        account = session.get_one(Account, account_id)

        assert (account.status, account.version, account.opened_at) == ("active", 2, clock.now)
        assert account.ccp_customer and account.ccp_customer["domain"] == CCP_CUSTOMER.domain
        assert account.ccp_user and account.ccp_user["roles"] == ["admin"]
        assert [(name, body["version"], body["customer_id"]) for name, body in told(session)] == [
            ("AccountOpened", 2, str(customer))
        ]


@pytest.mark.parametrize("status", ["closed", "suspended"])
def test_a_late_activation_does_not_open_an_account_again(databases: Settings, status: str) -> None:
    with db.begin() as session:
        account_id = opening(session, a_customer(session))
        session.get_one(Account, account_id).status = status
        activate(session, account_id)
        activate(session, new_id())

        assert (session.get_one(Account, account_id).status, told(session)) == (status, [])


def test_what_is_refused_says_so_to_people(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        opening(session, customer, name="Zürich")
        with pytest.raises(DomainError, match="There is an account called zürich already"):
            opening(session, customer, name="zürich")
