"""A change of plan on the invoice: old days back, new ones charged, and each period at the price of its plan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from domains.billing import commands, db
from domains.billing.commands.charges import PlanCharge
from domains.billing.models import ProviderLine as Kept
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.money import Money, UnitPrice
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, a_provider_line, charge, charge_change, charges, draft

DEARER = UnitPrice(Decimal("50.40"), "EUR")
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


@pytest.fixture(autouse=True)
def in_may(databases: Settings, clock: Clock) -> None:
    clock.advance(days=60)


def a_plan(charge: str, refund: str, until: date = date(2026, 4, 30)) -> PlanCharge:
    return PlanCharge("Analytics Pro Plus", DEARER, eur(charge), eur(refund), until)


def changed(payer_id: UUID, subscription_id: UUID, plan: PlanCharge, on: date, change_id: UUID | None = None) -> UUID:
    """Charge a change of plan of 20 seats; gives its id."""
    facts: dict[str, Any] = {
        "change_id": change_id or new_id(), "subscription_id": subscription_id, "account_id": new_id(),
        "customer_id": payer_id, "reseller_id": None, "account_name": "Head office", "name": "Analytics Pro",
        "from_quantity": 20, "to_quantity": 20, "unit_price": UnitPrice(Decimal("31.5"), "EUR"), "effective_on": on,
        "plan": plan,
    }  # fmt: skip
    with db.begin() as session:
        commands.charge_plan(session, **facts)
    found: UUID = facts["change_id"]
    return found


def sold() -> tuple[UUID, UUID]:
    """(payer, subscription) of 20 seats, billed monthly, from 10 March."""
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, line := a_line("447.10", charged_until=date(2026, 3, 31)), customer_id=payer_id)
    return payer_id, line.subscription_id


def lines_of(subscription: UUID, day: int) -> list[Any]:
    """What the provider bills for April, in whose course the plan was changed, and for May."""
    april = {"after": MAY, "period_first": APRIL, "period_after": MAY}
    changed_on = date(2026, 4, day)
    may = {"first": MAY, "after": date(2026, 6, 1), "period_first": MAY, "period_after": date(2026, 6, 1)}
    return [
        a_provider_line(subscription, first=APRIL, line_id="BL-1", **april),
        a_provider_line(subscription, -20, first=changed_on, line_id="BL-2", kind="refund", **april),
        a_provider_line(subscription, 20, first=changed_on, line_id="BL-3", kind="proration", **april),
        a_provider_line(subscription, 20, line_id="BL-4", **may),
    ]


@pytest.mark.parametrize("day", [1, 11])
def test_each_period_is_charged_at_the_price_of_its_plan_and_every_line_is_passed_on_once(day: int) -> None:
    payer_id, subscription = sold()
    left = 30 - day + 1
    plan = a_plan(str(Decimal("1008.00") * left / 30), str(Decimal("630.00") * left / 30))
    changed(payer_id, subscription, plan, date(2026, 4, day))
    *april, may = lines_of(subscription, day)

    draft(payer_id, *april, month=APRIL)
    draft(payer_id, may, month=MAY)

    with db.begin_read() as session:
        assert {(one.line_id, one.state, one.reason) for one in session.scalars(select(Kept))} == {
            (f"BL-{n}", "matched", None) for n in range(1, 5)
        }
        found = sorted((one.effective_on, one.kind, one.quantity, one.amount) for one in charges(session))
        names = {(one.kind, one.name) for one in charges(session)}
    assert found == sorted([
        (date(2026, 3, 10), "activation", 20, eur("447.10")), (APRIL, "period", 20, eur("630.00")),
        (date(2026, 4, day), "change_plan", -20, -plan.refund), (date(2026, 4, day), "change_plan", 20, plan.charge),
        (MAY, "period", 20, eur("1008.00")),
    ])  # fmt: skip
    assert ("period", "Analytics Pro Plus") in names and ("period", "Analytics Pro") in names


def test_a_year_that_the_new_plan_pays_for_is_not_charged_again_and_the_month_before_it_is() -> None:
    payer_id, subscription = sold()
    changed(payer_id, subscription, a_plan("11491.00", "420.00", date(2027, 4, 10)), date(2026, 4, 11))
    april, back, *_ = lines_of(subscription, 11)
    year = {"period_first": date(2026, 4, 11), "period_after": date(2027, 4, 11), "after": date(2027, 4, 11)}
    new = a_provider_line(subscription, 20, first=date(2026, 4, 11), line_id="BL-3", kind="proration", **year)

    draft(payer_id, april, back, new, month=APRIL)

    with db.begin_read() as session:
        assert {one.state for one in session.scalars(select(Kept))} == {"matched"}
        assert [(one.kind, one.amount) for one in charges(session)][1] == ("period", eur("630.00"))
        assert len(charges(session)) == 4


@pytest.mark.parametrize("sold_on", [date(2026, 3, 10), date(2026, 4, 11)])
def test_months_after_a_year_was_given_back_are_charged_at_the_new_plan_and_not_taken_for_the_year(
    sold_on: date,
) -> None:
    with db.begin() as session:
        payer_id = a_customer(session)
        year = a_line("7200.00", charged_until=date(2027, 3, 9))
        charge(session, line := year, customer_id=payer_id, effective_on=sold_on)
    subscription = line.subscription_id
    changed(payer_id, subscription, a_plan("672.00", "6568.77"), date(2026, 4, 11))
    _april, back, new, may = lines_of(subscription, 11)

    draft(payer_id, back, new, month=APRIL)
    draft(payer_id, may, month=MAY)

    with db.begin_read() as session:
        assert {(one.state, one.reason) for one in session.scalars(select(Kept))} == {("matched", None)}
        assert [(one.effective_on, one.amount) for one in charges(session) if one.kind == "period"] == [
            (MAY, eur("1008.00"))
        ]


def test_a_change_that_is_charged_twice_is_charged_once_and_a_free_plan_gives_nothing_back() -> None:
    payer_id, subscription = sold()
    change_id = changed(payer_id, subscription, a_plan("100.00", "0.00"), date(2026, 4, 11))
    changed(payer_id, subscription, a_plan("100.00", "0.00"), date(2026, 4, 11), change_id)

    with db.begin_read() as session:
        assert [one.id for one in charges(session) if one.kind == "change_plan"] == [change_id]


@pytest.mark.parametrize("day", [1, 3])
def test_an_extension_in_the_month_in_which_a_term_ends_does_not_pay_for_the_days_before_that_end(day: int) -> None:
    payer_id, subscription = sold()
    with db.begin() as session:
        facts = {"subscription_id": subscription, "customer_id": payer_id, "valid_to_wish": date(2026, 5, 28)}
        charge_change(session, eur("42.00"), kind="extend", from_quantity=20, to_quantity=20,
                      effective_on=date(2026, 4, day), **facts)  # fmt: skip
    month: dict[str, Any] = {"period_first": APRIL, "period_after": MAY, "cost": eur("30.00")}
    before = a_provider_line(subscription, first=APRIL, after=date(2026, 4, 29), line_id="BL-1", **month)
    added = a_provider_line(subscription, first=date(2026, 4, 29), after=MAY, line_id="BL-2", **month)

    draft(payer_id, before, added, month=APRIL)

    with db.begin_read() as session:
        assert {(one.state, one.reason) for one in session.scalars(select(Kept))} == {("matched", None)}
        found = [(one.effective_on, one.until, one.amount) for one in charges(session) if one.kind == "period"]
    assert found == [(APRIL, date(2026, 4, 28), eur("588.00"))]


@pytest.mark.parametrize("day", [1, 2, 3])
def test_a_month_in_which_the_term_would_have_ended_is_charged_at_the_plan_before_when_its_plan_changes(
    day: int,
) -> None:
    payer_id, subscription = sold()
    changed(payer_id, subscription, a_plan("974.40", "399.00"), date(2026, 4, day))
    month: dict[str, Any] = {"period_first": APRIL, "period_after": MAY, "cost": eur("30.00")}
    ending, back, new = (
        a_provider_line(subscription, units, first=date(2026, 4, first), after=after, kind=kind, line_id=line, **month)
        for units, first, after, kind, line in [
            (20, 1, date(2026, 4, 21), "proration", "BL-1"), (-20, day, date(2026, 4, 21), "refund", "BL-2"),
            (20, day, MAY, "proration", "BL-3"),
        ]
    )  # fmt: skip

    draft(payer_id, ending, back, new, month=APRIL)

    with db.begin_read() as session:
        assert {(one.state, one.reason) for one in session.scalars(select(Kept))} == {("matched", None)}
        found = [(one.effective_on, one.until, one.amount) for one in charges(session) if one.kind == "period"]
    assert found == [(APRIL, date(2026, 4, 20), eur("420.00"))]
