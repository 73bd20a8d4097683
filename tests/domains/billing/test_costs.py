"""Costs by the month: in the customer's own calendar, each currency for itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from domains.billing import db, queries
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from tests.conftest import Clock
from tests.factories.billing import a_customer, charge_change


def costs(session: Session, scope: Scope, **asked: Any) -> dict[str, list[tuple[str, str]]]:
    found = queries.costs_by_month(session, scope, **asked)
    return {code: [(f"{cost.month:%Y-%m-%d}", str(cost.amount.amount)) for cost in row] for code, row in found.items()}


def owe(session: Session, customer_id: Any, amount: str, on: str, currency: str = "EUR", **but: Any) -> None:
    day = date.fromisoformat(on)
    charge_change(session, Money.of(amount, currency), customer_id=customer_id, effective_on=day, **but)


def test_months_are_added_up_oldest_first_with_refunds_and_empty_months(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        for amount, day in (("10.50", "2026-03-01"), ("-4.25", "2026-03-31"), ("7", "2026-01-31"), ("1", "2025-12-31")):
            owe(session, customer, amount, day)
        found = costs(session, Scope.customer(customer), months=3)

        assert found == {"EUR": [("2026-01-01", "7.00"), ("2026-02-01", "0.00"), ("2026-03-01", "6.25")]}
        year = costs(session, Scope.customer(customer))["EUR"]
        assert (len(year), year[0], year[-4]) == (12, ("2025-04-01", "0.00"), ("2025-12-01", "1.00"))


def test_currencies_are_never_added_up(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        customer = a_customer(session)
        owe(session, customer, "10", "2026-03-05")
        owe(session, customer, "7800", "2026-03-05", "JPY")

        assert costs(session, Scope.customer(customer), months=1) == {
            "EUR": [("2026-03-01", "10.00")], "JPY": [("2026-03-01", "7800")],
        }  # fmt: skip
        assert list(costs(session, Scope.customer(customer), currency="JPY")) == ["JPY"]
        assert costs(session, Scope.customer(customer), currency="GBP") == {}


@pytest.mark.parametrize(
    ("zone", "moment", "latest"),
    [
        ("Asia/Tokyo", "2026-03-31T14:59:59+00:00", "2026-03-01"),
        ("Asia/Tokyo", "2026-03-31T15:00:00+00:00", "2026-04-01"),
        ("Europe/Amsterdam", "2026-03-31T21:59:59+00:00", "2026-03-01"),
        ("Europe/Amsterdam", "2026-03-31T22:00:00+00:00", "2026-04-01"),
        ("America/New_York", "2026-04-01T03:59:59+00:00", "2026-03-01"),
        ("America/New_York", "2026-04-01T04:00:00+00:00", "2026-04-01"),
        ("Pacific/Auckland", "2025-12-31T11:00:00+00:00", "2026-01-01"),
    ],
)
def test_a_month_begins_where_the_customer_is(
    databases: Settings, clock: Clock, zone: str, moment: str, latest: str
) -> None:
    clock.move_to(datetime.fromisoformat(moment))
    with db.begin() as session:
        customer = a_customer(session, time_zone=zone)
        owe(session, customer, "5", latest)  # what is charged today has that day in its own calendar

        for scope in (Scope.customer(customer), Scope.operator()):
            (month,) = costs(session, scope, customer_id=customer, months=1)["EUR"]
            assert month == (latest, "5.00")


def test_a_resellers_months_are_those_of_its_own_calendar(databases: Settings, clock: Clock) -> None:
    clock.move_to(datetime.fromisoformat("2026-03-31T22:30:00+00:00"))
    with db.begin() as session:
        reseller = a_customer(session)
        customer = a_customer(session, reseller_id=reseller, time_zone="Europe/London")
        owe(session, customer, "5", "2026-03-31", reseller_id=reseller)

        assert costs(session, Scope.reseller(reseller), months=2)["EUR"] == [
            ("2026-03-01", "5.00"), ("2026-04-01", "0.00"),
        ]  # fmt: skip
        assert costs(session, Scope.operator(), months=1)["EUR"] == [("2026-03-01", "5.00")]


def test_only_ones_own_charges_are_added_up(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        reseller, account = a_customer(session), new_id()
        one, other = (a_customer(session, reseller_id=reseller) for _ in range(2))
        owe(session, one, "1", "2026-03-01", reseller_id=reseller, account_id=account)
        owe(session, other, "2", "2026-03-01", reseller_id=reseller)
        owe(session, a_customer(session), "4", "2026-03-01")

        def total(scope: Scope, **asked: Any) -> str:
            found = costs(session, scope, months=1, **asked)
            return found["EUR"][0][1] if found else "nothing"

        assert [total(scope) for scope in (Scope.customer(one), Scope.reseller(reseller), Scope.operator())] == [
            "1.00", "3.00", "7.00",
        ]  # fmt: skip
        assert [total(Scope.reseller(reseller), customer_id=whose) for whose in (one, new_id())] == ["1.00", "nothing"]
        assert [total(Scope.reseller(reseller), account_id=which) for which in (account, new_id())] == [
            "1.00", "nothing",
        ]  # fmt: skip
        assert total(Scope.customer(reseller)) == "nothing"


def test_what_is_known_of_a_customer_is_read_by_its_own_people_only(databases: Settings) -> None:
    with db.begin() as session:
        reseller = new_id()
        customer = a_customer(session, reseller_id=reseller)
        known = queries.customer_ref(session, Scope.reseller(reseller), customer)

        assert known is not None and known.legal_name == "Northwind B.V."
        assert queries.customer_ref(session, Scope.customer(new_id()), customer) is None
