"""Several at the same moment, on a real database: nothing is spent twice and no name is given twice."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.accounts import commands, db, queries
from domains.accounts.models import Account
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from tests.factories.accounts import a_customer, an_account, eur, opening, reserve
from tests.factories.races import at_once


@pytest.mark.asvs("2.3.4")
def test_orders_of_the_same_second_never_exceed_a_budget(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session, budget=eur(100))
    orders = [lambda session: reserve(session, account, eur(30))] * 6

    assert at_once(db, *orders) == ["budget_exceeded"] * 3 + ["done"] * 3
    with db.begin_read() as session:
        assert queries.spend_left(session, Scope.customer(account.customer_id), account.id).left == eur(10)


@pytest.mark.asvs("2.3.4")
def test_orders_for_several_accounts_never_exceed_a_customers_credit(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session, credit_limit=eur(100))
        accounts = [an_account(session, customer, name=f"Account {number}") for number in range(6)]
    orders = [lambda session, account=account: reserve(session, account, eur(30)) for account in accounts]

    assert at_once(db, *orders) == ["credit_exceeded"] * 3 + ["done"] * 3


def test_the_same_order_at_the_same_moment_is_held_once(databases: Settings) -> None:
    with db.begin() as session:
        account, same = an_account(session, budget=eur(100)), new_id()
    twins = [lambda session: reserve(session, account, eur(60), reservation_id=same)] * 4

    assert at_once(db, *twins) == ["done"] * 4
    with db.begin_read() as session:
        assert queries.spend_left(session, Scope.customer(account.customer_id), account.id).committed == eur(60)


def test_a_release_and_a_confirmation_at_the_same_moment_settle_once(databases: Settings) -> None:
    with db.begin() as session:
        account = an_account(session)
        held = reserve(session, account, eur(60))
    confirm = [lambda session: commands.confirm_reservation(session, reservation_id=held, accepted_total=eur(20))]
    release = [lambda session: commands.release_reservation(session, reservation_id=held)]

    assert at_once(db, *confirm * 3, *release * 3) == ["done"] * 6
    with db.begin_read() as session:
        actions = list(session.scalars(select(db.audit_entry.c.action)))
    assert len({"accounts.confirm", "accounts.release"} & set(actions)) == 1
    assert len([action for action in actions if action in ("accounts.confirm", "accounts.release")]) == 1


def test_a_name_that_several_choose_at_the_same_moment_goes_to_one(databases: Settings) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        accounts = [an_account(session, customer, name=f"Account {number}").id for number in range(3)]

    def rename(session: Session, account_id: UUID) -> None:
        scope = Scope.customer(customer)
        commands.update_account(session, scope=scope, account_id=account_id, expected_version=None, name="Branch")

    openings = [lambda session: opening(session, customer, name="branch")] * 3
    renamings = [lambda session, account_id=account_id: rename(session, account_id) for account_id in accounts]

    assert at_once(db, *openings, *renamings) == ["done"] + ["name_taken"] * 5
    with db.begin_read() as session:
        assert len(session.scalars(select(Account).where(Account.name_key == "branch")).all()) == 1
