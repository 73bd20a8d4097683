"""A new term is charged once, at its own price, whether the renewal or the provider's bill came first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from domains.billing import commands, db
from domains.billing.commands import ProviderLine
from domains.billing.commands.charges import AcceptedLine, ChargeLine, PlanCharge, RenewedTerm
from domains.billing.commands.matching import settle_lines
from domains.billing.models import Charge
from domains.billing.models import ProviderLine as Kept
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.money import Money, UnitPrice
from tests.conftest import Clock

OLD, NEW = UnitPrice(Decimal("31.00"), "EUR"), UnitPrice(Decimal("62.00"), "EUR")
SUBSCRIPTION, CUSTOMER, ACCOUNT, DECISION = new_id(), new_id(), new_id(), new_id()
JANUARY = (date(2027, 1, 1), date(2027, 2, 1))


@pytest.fixture(autouse=True)
def sold(databases: Settings, clock: Clock) -> None:
    """One seat from 15 January 2026, charged to the end of December."""
    line = ChargeLine(SUBSCRIPTION, "Pro", 1, OLD, Money.of("17", "EUR"), date(2026, 12, 31))
    with db.begin() as session:
        commands.charge_order(
            session, order_id=new_id(), account_id=ACCOUNT, customer_id=CUSTOMER, reseller_id=None,
            account_name="Head office", lines=(line,), accepted=(AcceptedLine(SUBSCRIPTION),),
            effective_on=date(2026, 1, 15),
        )  # fmt: skip


def renew(outcome: str = "renewed", **but: Any) -> None:
    """Its term is over on 14 January 2027 and goes on at twice the price."""
    facts: dict[str, Any] = {
        "decision_id": DECISION, "outcome": outcome, "subscription_id": SUBSCRIPTION, "account_id": ACCOUNT,
        "account_name": "Head office", "name": "Pro", "quantity": 1, "unit_price": NEW,
        "charge_now": Money.of("34", "EUR"), "first": date(2027, 1, 15), "charged_until": date(2027, 1, 31),
    } | but  # fmt: skip
    with db.begin() as session:
        commands.charge_renewal(session, customer_id=CUSTOMER, reseller_id=None, renewal=RenewedTerm(**facts))


def billed(first: int, after: date, number: int = 1, month: int = 1) -> None:
    """The provider bills the days of a month up to a day."""
    period = (date(2027, month, 1), date(2027, month + 1, 1))
    line = ProviderLine(f"BL-{month}-{number}", SUBSCRIPTION, "cycle", 1, date(2027, month, first), after, *period,
                        Money.of("20", "EUR"))  # fmt: skip
    with db.begin() as session:
        settle_lines(session, [line], payer_id=CUSTOMER, month=period[0])


def seen() -> list[tuple[str, str, str, str]]:
    """What was charged: kind, first day, last day and amount."""
    with db.begin_read() as session:
        rows = session.scalars(select(Charge).order_by(Charge.effective_on, Charge.kind))
        return [(one.kind, f"{one.effective_on:%d.%m.}", f"{one.until:%d.%m.}", str(one.amount.amount)) for one in rows]


def mismatches() -> int:
    with db.begin_read() as session:
        return len(session.scalars(select(Kept).where(Kept.state == "mismatch")).all())


def test_the_old_terms_days_keep_their_price_and_the_new_ones_have_theirs() -> None:
    renew()
    billed(1, date(2027, 1, 15))
    billed(15, JANUARY[1], number=2)
    billed(1, date(2027, 3, 1), month=2)

    assert seen() == [
        ("activation", "15.01.", "31.12.", "17.00"),
        ("period", "01.01.", "14.01.", "14.00"),
        ("renewal", "15.01.", "31.01.", "34.00"),
        ("period", "01.02.", "28.02.", "62.00"),
    ]
    assert mismatches() == 0


def test_days_that_were_charged_before_the_renewal_was_known_are_not_charged_again() -> None:
    billed(1, date(2027, 1, 15))
    billed(15, JANUARY[1], number=2)
    renew()
    renew()
    billed(1, date(2027, 3, 1), month=2)

    assert [(kind, amount) for kind, _first, _last, amount in seen()] == [
        ("activation", "17.00"), ("period", "14.00"), ("period", "17.00"), ("renewal", "0.00"), ("period", "62.00"),
    ]  # fmt: skip
    assert mismatches() == 0


@pytest.mark.parametrize("outcome", ["ended", "unchanged"])
def test_what_does_not_go_on_is_not_charged(outcome: str) -> None:
    renew(outcome)

    assert [kind for kind, *_ in seen()] == ["activation"]


def test_nothing_that_follows_is_nothing_to_charge() -> None:
    with db.begin() as session:
        commands.charge_renewal(session, customer_id=CUSTOMER, reseller_id=None, renewal=None)

    assert [kind for kind, *_ in seen()] == ["activation"]


def test_a_plan_that_is_changed_on_the_first_day_of_a_new_term_has_its_price_from_then_on(clock: Clock) -> None:
    renew(decision_id=UUID(int=2**128 - 1), first=date(2027, 1, 1), charge_now=Money.of("62", "EUR"))
    clock.advance(minutes=1)
    plan = PlanCharge("Pro Plus", UnitPrice(Decimal("93.00"), "EUR"), Money.of("93", "EUR"), Money.of("62", "EUR"),
                      date(2027, 1, 31))  # fmt: skip
    with db.begin() as session:
        commands.charge_plan(
            session, change_id=new_id(), subscription_id=SUBSCRIPTION, account_id=ACCOUNT, customer_id=CUSTOMER,
            reseller_id=None, account_name="Head office", name="Pro", from_quantity=1, to_quantity=1, unit_price=NEW,
            effective_on=date(2027, 1, 1), plan=plan,
        )  # fmt: skip
    billed(1, date(2027, 3, 1), month=2)

    with db.begin_read() as session:
        [february] = session.scalars(select(Charge).where(Charge.effective_on == date(2027, 2, 1)))
    assert (february.kind, str(february.amount)) == ("period", "EUR 93.00")


def test_the_last_day_of_a_term_is_not_taken_for_the_first_of_the_next() -> None:
    renew(first=date(2027, 1, 2), charge_now=Money.of("60", "EUR"))
    billed(1, date(2027, 1, 2))
    billed(2, JANUARY[1], number=2)

    assert [one for one in seen() if one[0] != "activation"] == [
        ("period", "01.01.", "01.01.", "1.00"), ("renewal", "02.01.", "31.01.", "60.00"),
    ]  # fmt: skip
    assert mismatches() == 0
