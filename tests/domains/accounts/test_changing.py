"""Changing accounts: what may change, who may, and two people who change the same one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from domains.accounts import commands, db, queries
from domains.accounts.models import Account
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.factories.accounts import a_customer, an_account, eur, opening, told


def change(session: Session, account: Account, version: int | None = None, **changes: Any) -> Account:
    scope = Scope.customer(account.customer_id)
    return commands.update_account(session, scope=scope, account_id=account.id, expected_version=version, **changes)


def test_what_is_named_changes_and_the_rest_stays(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(100), cost_centre="4711", po_reference="PO-1")
        change(session, account, 2, name=" Branch ", cost_centre=None)

        assert (account.name, account.cost_centre, account.po_reference) == ("Branch", None, "PO-1")
        assert (account.budget, account.version) == (eur(100), 3)
        event, body = told(session)[-1]
        assert (event, body["name"], body["version"]) == ("AccountChanged", "Branch", 3)


def test_a_budget_can_be_given_raised_and_taken_away(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session)
        assert change(session, account, budget=eur("99.99")).budget == eur("99.99")
        assert change(session, account, budget=eur(0)).budget == eur(0)
        assert change(session, account, budget=None).budget is None


@pytest.mark.parametrize("budget", [eur("-0.01"), Money.of(1, "GBP")])
def test_a_wrong_budget_changes_nothing(databases: Settings, budget: Money) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(5))
        with pytest.raises(Invalid) as no:
            change(session, account, budget=budget)

        assert (no.value.code, account.budget, account.version) == ("budget_invalid", eur(5), 2)


@pytest.mark.parametrize("version", [1, 3])
def test_who_has_seen_another_version_changes_nothing(databases: Settings, version: int) -> None:
    with db.begin() as session:
        account = an_account(session)
        with pytest.raises(Conflict) as no:
            change(session, account, version, name="Branch")

        assert (no.value.code, account.name, account.version) == ("version_conflict", "Head office", 2)
        assert [event for event, _ in told(session)] == ["AccountOpened"]


def test_the_name_of_another_account_is_taken_and_ones_own_is_not(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        account = an_account(session, customer)
        opening(session, customer, name="Straße")
        with pytest.raises(Refused) as no:
            change(session, account, name="STRASSE")
        change(session, account, name="HEAD OFFICE")

        assert (no.value.code, no.value.field, account.name) == ("name_taken", "name", "HEAD OFFICE")


def test_a_new_name_frees_the_old_one(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session)
        change(session, account, name="Branch")
        opening(session, account.customer_id, name="Head office")
        with pytest.raises(Refused):
            opening(session, account.customer_id, name="branch")


def test_a_closed_account_stays_as_it_is(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        account_id = opening(session, customer)
        commands.discard_account(session, account_id=account_id)
        account = session.get_one(Account, account_id)
        with pytest.raises(Refused) as no:
            change(session, account, name="Head office")
        opening(session, customer, name="Head office")

        assert no.value.code == "account_closed"


@pytest.mark.asvs("8.2.2")
def test_others_neither_find_nor_change_an_account(databases: Settings) -> None:
    with db.begin() as session:
        reseller = new_id()
        account = an_account(session, a_customer(session, reseller_id=reseller))
        strangers = (Scope.customer(new_id()), Scope.reseller(new_id()), Scope.customer(reseller))
        for scope in strangers:
            with pytest.raises(NotFound) as no:
                commands.update_account(session, scope=scope, account_id=account.id, expected_version=None, name="X")
            assert no.value.code == "account_not_found"
            for query in (queries.get, queries.spend_left):
                with pytest.raises(NotFound):
                    query(session, scope, account.id)
            assert queries.list_accounts(session, scope).items == []

        assert (account.name, account.version, len(told(session))) == ("Head office", 2, 1)


def test_a_reseller_and_staff_reach_an_end_customers_account(databases: Settings) -> None:
    with db.begin() as session:
        reseller = new_id()
        account = an_account(session, a_customer(session, reseller_id=reseller))
        for scope in (Scope.reseller(reseller), Scope.operator(), Scope.system("a test")):
            commands.update_account(session, scope=scope, account_id=account.id, expected_version=None, name="Branch")
            assert queries.get(session, scope, account.id).name == "Branch"


def found(session: Session, scope: Scope, **asked: Any) -> list[UUID]:
    return [account.id for account in queries.list_accounts(session, scope, **asked).items]


def test_accounts_are_paged_newest_first(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        scope, seen, cursor = Scope.customer(customer), [], None
        made = [opening(session, customer, name=f"Account {number}") for number in range(5)]
        opening(session, a_customer(session))
        for size in (2, 2, 1):
            page = queries.list_accounts(session, scope, cursor=cursor, limit=2)
            assert len(page.items) == size
            seen += [account.id for account in page.items]
            cursor = page.next_cursor

        assert (seen, cursor) == (list(reversed(made)), None)


def test_a_cursor_of_another_list_is_refused(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        for number in range(2):
            opening(session, customer, name=f"Account {number}")
        scope = Scope.customer(customer)
        cursor = queries.list_accounts(session, scope, limit=1).next_cursor
        for wrong in ({"cursor": cursor, "q": "account"}, {"cursor": "nonsense"}):
            with pytest.raises(Invalid) as no:
                queries.list_accounts(session, scope, **wrong)
            assert no.value.code == "cursor_invalid"
        for limit in (0, 201):
            with pytest.raises(Invalid, match="limit"):
                queries.list_accounts(session, scope, limit=limit)


@pytest.mark.parametrize("q", ["Ärzte", "ärzte", "ÄRZTE", "haus_1", "100%", "e-Haus"])
def test_an_account_is_found_by_part_of_its_name_in_any_case(databases: Settings, q: str) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        wanted = opening(session, customer, name="Ärzte-Haus_1 100%")
        opening(session, customer, name="Haus 1, 1000")

        assert found(session, Scope.customer(customer), q=q) == [wanted]


def test_accounts_are_listed_by_customer_and_by_status_without_the_discarded(databases: Settings) -> None:
    with db.begin() as session:
        reseller = new_id()
        one, other = (a_customer(session, reseller_id=reseller) for _ in range(2))
        active, waiting = an_account(session, one).id, opening(session, other)
        gone = opening(session, one, name="Gone")
        commands.discard_account(session, account_id=gone)
        scope = Scope.reseller(reseller)

        assert found(session, scope) == [waiting, active]
        assert found(session, scope, customer_id=one) == [active]
        assert found(session, scope, customer_id=new_id()) == []
        assert [found(session, scope, status=word) for word in ("opening", "active", "closed")] == [
            [waiting], [active], [gone],
        ]  # fmt: skip
        assert found(session, scope, status="closed", q="gone") == [gone]
