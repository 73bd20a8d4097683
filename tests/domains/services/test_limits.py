"""Approval limits: what each role may commit to by itself, for whom, and who is told when it changes."""

from __future__ import annotations

from uuid import UUID

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from domains.services import commands, db, queries
from domains.services.models import AccountRef
from domains.services.pricing import OrderTerms
from tests.factories.services import a_catalogue, a_line, an_account


@pytest.fixture
def account(databases: Settings) -> AccountRef:
    with db.begin() as session:
        a_catalogue(session)
        return an_account(session)


def terms(account: AccountRef, quantity: int = 20) -> OrderTerms:
    """An order of 20 seats for a year, which commits to some thousands of euros."""
    with db.begin_read() as session:
        lines = [a_line(session, quantity)]
        return queries.order_terms(session, Scope.customer(account.customer_id), account_id=account.id, lines=lines)


def limited(account: AccountRef, limit: Money | None, role: str = "buyer") -> None:
    with db.begin() as session:
        commands.set_approval_limit(
            session, customer_id=account.customer_id, reseller_id=account.reseller_id, role=role, limit=limit
        )


def needed(account: AccountRef, wanted: OrderTerms, role: str = "buyer") -> bool:
    with db.begin_read() as session:
        return queries.needs_approval(session, Scope.customer(account.customer_id), wanted, role)


def audited(customer_id: UUID) -> list[str]:
    with db.begin_read() as session:
        entry = db.audit_entry
        found = session.execute(entry.select().where(entry.c.customer_id == customer_id)).all()
        return [row.action for row in found if row.action == "services.set_approval_limit"]


def test_without_a_limit_any_amount_is_ordered(account: AccountRef) -> None:
    assert not needed(account, terms(account))


def test_what_is_committed_up_to_the_limit_is_ordered_and_more_needs_approval(account: AccountRef) -> None:
    wanted = terms(account)
    limited(account, wanted.commitment)
    assert not needed(account, wanted)

    limited(account, Money(wanted.commitment.amount - 1, "EUR"))
    assert needed(account, wanted)
    assert not needed(account, wanted, "owner")


def test_a_limit_in_another_currency_lets_nothing_pass(account: AccountRef) -> None:
    limited(account, Money.of(1_000_000, "JPY"))

    assert needed(account, terms(account))


def test_a_limit_is_taken_away_and_each_change_is_audited_once(account: AccountRef) -> None:
    for limit in (Money.of(1, "EUR"), Money.of(1, "EUR"), None, None):
        limited(account, limit)

    assert not needed(account, terms(account))
    assert len(audited(account.customer_id)) == 2


def test_another_customers_limit_is_not_ours(account: AccountRef) -> None:
    with db.begin() as session:
        commands.set_approval_limit(
            session, customer_id=new_id(), reseller_id=None, role="buyer", limit=Money.of(1, "EUR")
        )

    assert not needed(account, terms(account))


@pytest.mark.parametrize(("role", "amount"), [("reader", "1"), ("buyer", "-1")])
def test_a_role_that_orders_nothing_and_an_amount_below_zero_are_refused(
    account: AccountRef, role: str, amount: str
) -> None:
    with pytest.raises(Invalid):
        limited(account, Money.of(amount, "EUR"), role)
