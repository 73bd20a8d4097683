"""What is billed by the year and was extended: its added days are paid for ahead, and only as long as the plan runs."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from domains.billing import db
from domains.billing.models import ProviderLine as Kept
from domains.kernel.config import Settings
from domains.kernel.money import Money
from tests.conftest import Clock
from tests.factories.billing import a_customer, a_line, a_provider_line, charge, charge_change, charges, draft

from .test_plan_charges import MAY, a_plan, changed

YEAR, NEXT = date(2026, 3, 10), date(2027, 3, 10)
ADDED = {"period_first": NEXT, "period_after": date(2028, 3, 10), "after": date(2027, 5, 10)}


@pytest.fixture(autouse=True)
def in_may(databases: Settings, clock: Clock) -> None:
    clock.advance(days=60)


def extended() -> tuple[UUID, UUID]:
    """(payer, subscription) of 20 seats paid for a year from 10 March, extended twice by a month, and then 3 more."""
    with db.begin() as session:
        payer_id = a_customer(session)
        charge(session, line := a_line("5745.60", charged_until=date(2027, 3, 9)), customer_id=payer_id)
        about: dict[str, Any] = {"customer_id": payer_id, "subscription_id": line.subscription_id}
        for day, until in ((14, date(2027, 4, 9)), (20, date(2027, 5, 9))):
            paid = Money.of("561.20", "EUR")
            charge_change(
                session, paid, **about, kind="extend", from_quantity=20, to_quantity=20,
                effective_on=date(2026, 3, day), valid_to_wish=until, commitment=paid,
            )  # fmt: skip
        charge_change(session, Money.of("988.92", "EUR"), **about, to_quantity=23, effective_on=date(2026, 3, 25))
    return payer_id, line.subscription_id


def judged() -> list[tuple[str, str | None]]:
    with db.begin_read() as session:
        return [(one.state, one.reason) for one in session.scalars(select(Kept).order_by(Kept.line_id))]


def test_days_that_extensions_have_paid_for_ahead_need_nobody_to_look_and_are_charged_no_more() -> None:
    payer_id, subscription = extended()
    before = len(charges_now())

    draft(payer_id, a_provider_line(subscription, 23, first=NEXT, line_id="BL-1", **ADDED), month=date(2027, 3, 1))
    draft(payer_id, a_provider_line(subscription, 24, first=NEXT, line_id="BL-2", **ADDED), month=date(2027, 3, 1))
    draft(payer_id, a_provider_line(subscription, 23, first=NEXT, line_id="BL-3", **ADDED), month=date(2027, 3, 1))

    assert judged() == [("matched", None), ("mismatch", "no_charge"), ("mismatch", "no_charge")]
    assert len(charges_now()) == before


def charges_now() -> list[Any]:
    with db.begin_read() as session:
        return charges(session)


def test_a_month_of_the_plan_after_is_not_paid_for_by_an_extension_of_the_one_before() -> None:
    payer_id, subscription = extended()
    changed(payer_id, subscription, a_plan("672.00", "6000.00"), date(2026, 4, 11))
    may = {"period_first": MAY, "period_after": date(2026, 6, 1), "after": date(2026, 6, 1)}

    draft(payer_id, a_provider_line(subscription, 20, first=MAY, line_id="BL-1", **may), month=MAY)

    assert judged() == [("matched", None)]
    assert [(one.kind, one.quantity, str(one.amount)) for one in charges_now()][-1] == ("period", 20, "EUR 1008.00")
