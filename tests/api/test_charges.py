"""Charges and costs through the API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask

from domains.billing import commands, db
from domains.kernel.database import new_id
from domains.kernel.money import Money, UnitPrice
from tests.conftest import Clock

from .program import Program, a_caller


def a_charge(customer_id: UUID, amount: str, on: str, **but: Any) -> UUID:
    """A charge for a change of 2 seats to 5."""
    change_id = new_id()
    facts: dict[str, Any] = {
        "change_id": change_id, "subscription_id": new_id(), "account_id": new_id(), "customer_id": customer_id,
        "reseller_id": None, "account_name": "Head office", "name": "Analytics Pro", "kind": "change_quantity",
        "from_quantity": 2, "to_quantity": 5, "unit_price": UnitPrice(Decimal("31.5"), "EUR"),
        "charge_now": Money.of(amount, "EUR"), "effective_on": date.fromisoformat(on),
    }  # fmt: skip
    with db.begin() as session:
        commands.charge_change(session, **(facts | but))
    return change_id


def test_charges_are_listed_newest_first(app: Flask) -> None:
    customer_id = new_id()
    first, second = a_charge(customer_id, "94.50", "2026-03-01"), a_charge(customer_id, "-10.00", "2026-03-02")

    answer = Program(app, a_caller(customer_id)).get("/charges").json

    assert [charge["id"] for charge in answer["items"]] == [str(second), str(first)]
    assert answer["items"][1]["amount"] == {"amount": "94.50", "currency": "EUR"}
    assert answer["items"][1]["unit_price"] == {"amount": "31.50", "currency": "EUR"}
    assert answer["items"][1]["quantity"] == 3


def test_charges_are_narrowed_to_a_subscription_or_an_account(app: Flask) -> None:
    customer_id, subscription_id, account_id = new_id(), new_id(), new_id()
    a_charge(customer_id, "1.00", "2026-03-01", subscription_id=subscription_id)
    a_charge(customer_id, "2.00", "2026-03-01", account_id=account_id)
    program = Program(app, a_caller(customer_id))

    def amounts(query: str) -> list[str]:
        return [charge["amount"]["amount"] for charge in program.get(f"/charges?{query}").json["items"]]

    assert amounts(f"subscription_id={subscription_id}") == ["1.00"]
    assert amounts(f"account_id={account_id}") == ["2.00"]


def test_costs_add_up_by_month_and_currency(app: Flask, clock: Clock) -> None:
    customer_id = new_id()
    a_charge(customer_id, "94.50", "2026-01-31")
    a_charge(customer_id, "5.50", "2026-01-01")
    a_charge(customer_id, "-20.00", "2026-03-10")
    yen = {"charge_now": Money.of("3900", "JPY"), "unit_price": UnitPrice(Decimal(3900), "JPY")}
    a_charge(customer_id, "0", "2026-03-10", **yen)

    answer = Program(app, a_caller(customer_id)).get("/costs?months=3").json

    euro, yen_costs = answer["currencies"]
    assert [(one["month"], one["amount"]["amount"]) for one in euro["months"]] == [
        ("2026-01-01", "100.00"), ("2026-02-01", "0.00"), ("2026-03-01", "-20.00"),
    ]  # fmt: skip
    assert yen_costs["months"][-1]["amount"] == {"amount": "3900", "currency": "JPY"}


def test_a_reseller_sees_its_end_customers_charges_and_others_do_not(app: Flask, clock: Clock) -> None:
    reseller_id, customer_id = new_id(), new_id()
    a_charge(customer_id, "1.00", "2026-03-01", reseller_id=reseller_id)
    reseller, stranger = Program(app, a_caller(reseller_id, "reseller")), Program(app, a_caller())

    assert len(reseller.get(f"/charges?customer_id={customer_id}").json["items"]) == 1
    assert reseller.get("/costs").json["currencies"] != []
    assert stranger.get(f"/charges?customer_id={customer_id}").json["items"] == []
    assert stranger.get("/costs").json == {"currencies": []}


def test_a_wrong_number_of_months_is_refused(app: Flask) -> None:
    program = Program(app, a_caller())

    for months in ("0", "37", "x"):
        assert program.get(f"/costs?months={months}").status_code == 400
