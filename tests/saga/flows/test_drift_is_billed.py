"""What was done directly at the provider stands on an invoice for its days, and nothing of it is left unexplained."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from domains import billing, services
from domains.billing.models import Charge, ProviderLine
from domains.kernel.database import new_id
from domains.services.models import Subscription
from saga.flows.open_account import open_account
from saga.schedules import begin_check

from .directly import buys_directly, compared, directly, settled
from .seen import subscription_of
from .shop import Shop
from .test_issue_invoices import after_the_month, begun, held
from .test_issue_invoices import opened as opened
from .test_issue_invoices import running_sandbox as running_sandbox

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop with an account of its own, at a provider that no other test has touched."""
    found, account = copy.copy(shop), shop.an_account(f"Account {new_id()}")
    found.run(open_account, account)
    found.account_id = account.account_id
    return found


def invoiced(shop: Shop) -> None:
    """Let the month end and invoice it."""
    after_the_month(shop)
    begin_check(str(new_id()))
    begun(shop)
    shop.transport.run_until_quiet()


def charges_of(subscription_id: Any) -> list[Charge]:
    with billing.db.begin_read() as session:
        query = select(Charge).where(Charge.subscription_id == subscription_id)
        return list(session.scalars(query.order_by(Charge.effective_on, Charge.id)))


def mismatches(shop: Shop) -> list[tuple[str | None, int]]:
    """The provider's lines of this account that no charge explains."""
    with services.db.begin_read() as session:
        query = select(Subscription.id).where(Subscription.account_id == shop.account_id)
        own = set(session.scalars(query))
        over_there = set(session.scalars(select(Subscription.provider_subscription_id)))
    with billing.db.begin_read() as session:
        rows = session.scalars(select(ProviderLine).where(ProviderLine.state == "mismatch")).all()
    return [(row.reason, row.quantity) for row in rows if row.subscription_id in own or row.reference in over_there]


def covers(charges: list[Charge]) -> bool:
    """Whether charges follow each other without a gap and without a day twice."""
    days = [(one.effective_on, one.until) for one in charges]
    return all(until and (later - until).days == 1 for (_, until), (later, _) in pairwise(days))


def test_what_was_bought_there_and_adopted_in_its_month_is_invoiced_like_an_order(shop: Shop) -> None:
    buys_directly(shop)
    (found,) = compared(shop)
    settled(shop, found, "adopt")

    invoiced(shop)
    invoiced(shop)

    charges = charges_of(found.subscription_id)
    assert [(one.kind, one.quantity) for one in charges] == [("activation", 5), ("period", 5)]
    assert charges[0].effective_on == subscription_of(found.subscription_id).valid_from
    assert covers(charges)
    assert all(one.invoice_id is not None for one in charges)
    assert mismatches(shop) == []


def test_what_is_adopted_two_months_late_is_charged_for_all_its_days_once(shop: Shop) -> None:
    buys_directly(shop)
    invoiced(shop)
    invoiced(shop)
    (found,) = compared(shop)

    settled(shop, found, "adopt")
    explained = mismatches(shop)
    invoiced(shop)

    charges = charges_of(found.subscription_id)
    assert [one.kind for one in charges] == ["activation", "period", "period"]
    assert covers(charges)
    assert (explained, mismatches(shop)) == ([], [])
    invoices = held()[0]
    assert {one.invoice_id for one in charges} <= {one.id for one in invoices}


def test_units_that_came_and_went_there_are_invoiced_as_the_provider_bills_them(shop: Shop) -> None:
    more, fewer = shop.bought(), shop.bought()
    directly(shop, more, kind="change_quantity", quantity=27)
    directly(shop, fewer, kind="change_quantity", quantity=12)
    for one in compared(shop):
        settled(shop, one, "adopt")

    invoiced(shop)
    invoiced(shop)

    came, went = charges_of(more), charges_of(fewer)
    assert sorted((one.kind, one.units) for one in came) == [("activation", 20), ("change_quantity", 7), ("period", 27)]
    assert sorted((one.kind, one.units) for one in went) == [
        ("activation", 20),
        ("change_quantity", -8),
        ("period", 12),
    ]
    assert mismatches(shop) == []
