"""Customers through the API: onboarded, read and changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.customers import commands, db
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from saga.transports.inline import Transport

from .program import Program, a_caller

WISH = {
    "name": "Fourth Coffee", "legal_name": "Fourth Coffee B.V.", "country": "NL", "currency": "EUR", "language": "en",
    "time_zone": "Europe/Amsterdam", "email": "office@fourthcoffee.example", "tax_id": "NL123456789B01",
    "owner_name": "Fay Four", "owner_email": "fay@fourthcoffee.example",
}  # fmt: skip


def a_customer(**but: Any) -> UUID:
    """An active customer."""
    facts: dict[str, Any] = {
        "customer_id": new_id(), "reseller_id": None, "kind": "direct", "name": f"Customer {new_id()}",
        "legal_name": "Northwind Traders B.V.", "country": "NL", "currency": "EUR", "language": "en",
        "time_zone": "Europe/Amsterdam", "email": "office@northwind.example", "tax_id": None, "credit_limit": None,
        "payment_terms_days": 30, "price_book": "Standard 2026",
    } | but  # fmt: skip
    with db.begin() as session:
        commands.register_customer(session, **facts)
        commands.activate_customer(session, customer_id=facts["customer_id"])
    found: UUID = facts["customer_id"]
    return found


@pytest.fixture
def reseller_id(databases: object) -> UUID:
    return a_customer(kind="reseller", name="Wingtip Cloud")


@pytest.fixture
def reseller(app: Flask, reseller_id: UUID) -> Program:
    return Program(app, a_caller(reseller_id, "reseller"))


def test_a_reseller_sees_itself_and_its_end_customers(reseller: Program, reseller_id: UUID) -> None:
    theirs = a_customer(kind="end_customer", reseller_id=reseller_id)
    a_customer()

    everybody = [customer["id"] for customer in reseller.get("/customers").json["items"]]
    ends = [customer["id"] for customer in reseller.get("/customers?kind=end_customer").json["items"]]

    assert everybody == [str(theirs), str(reseller_id)]
    assert ends == [str(theirs)]
    assert reseller.get(f"/customers/{theirs}").json["reseller_id"] == str(reseller_id)


def test_a_reseller_onboards_an_end_customer(reseller: Program, reseller_id: UUID, transport: Transport) -> None:
    answer = reseller.post("/customers", WISH)
    transport.perform_next()
    customer = reseller.get(f"/customers/{answer.json['resource_id']}").json

    assert (answer.status_code, answer.json["kind"]) == (202, "onboard_customer")
    assert (customer["status"], customer["kind"], customer["region"]) == ("onboarding", "end_customer", "eu")
    assert (customer["reseller_id"], customer["payment_terms_days"]) == (str(reseller_id), 30)


def test_only_resellers_and_the_operator_onboard(app: Flask, reseller: Program, transport: Transport) -> None:
    direct = Program(app, a_caller(a_customer()))
    operator = Program(app, a_caller(kind="operator", scope=Scope.operator()))

    assert direct.post("/customers", WISH).status_code == 403
    assert direct.post("/customers", WISH | {"kind": "direct"}).status_code == 403
    assert reseller.post("/customers", WISH | {"kind": "reseller"}).status_code == 403
    assert reseller.post("/customers", WISH | {"reseller_id": str(new_id())}).status_code == 403
    assert reseller.get("/operations").json["items"] == []
    assert operator.post("/customers", WISH | {"kind": "direct"}).status_code == 202


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"country": "US"}, "country"), ({"currency": "USD"}, "currency"), ({"time_zone": "Mars"}, "time_zone"),
        ({"tax_id": "NL1"}, "tax_id"), ({"email": "nobody"}, "email"), ({"language": "tlh"}, "language"),
        ({"payment_terms_days": 121}, "payment_terms_days"), ({"credit_limit": "1"}, "credit_limit"),
        ({"credit_limit": {"amount": "100000", "currency": "JPY"}}, "credit_limit"),
        ({"credit_limit": {"amount": "-5", "currency": "EUR"}}, "credit_limit"),
        ({"price_book": "Mine"}, "price_book"),
    ],
)  # fmt: skip
def test_facts_that_cannot_be_right_start_nothing(
    reseller: Program, transport: Transport, change: dict[str, Any], field: str
) -> None:
    answer = reseller.post("/customers", WISH | change)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"].startswith(f"/{field}")
    assert reseller.get("/operations").json["items"] == []


def test_a_customer_is_changed_in_the_version_that_was_seen(app: Flask) -> None:
    customer_id = a_customer()
    program, path = Program(app, a_caller(customer_id)), f"/customers/{customer_id}"
    seen = program.get(path)

    changed = program.patch(path, {"name": "Northwind", "language": "de"}, If_Match=seen.headers["ETag"])
    stale = program.patch(path, {"name": "South"}, If_Match=seen.headers["ETag"])
    wrong = program.patch(path, {"language": "tlh"}, If_Match=changed.headers["ETag"])
    forbidden = program.patch(path, {"credit_limit": None}, If_Match=changed.headers["ETag"])

    assert (changed.status_code, changed.json["name"], changed.json["language"]) == (200, "Northwind", "de")
    assert [stale.status_code, wrong.status_code, forbidden.status_code] == [412, 422, 422]
    assert program.get(path).json == changed.json


def test_what_invoices_say_can_be_changed_and_must_be_an_address(app: Flask) -> None:
    customer_id = a_customer(tax_id="NL123456789B01")
    program, path = Program(app, a_caller(customer_id)), f"/customers/{customer_id}"
    where = {"street": " Gracht  12 ", "postcode": "1017 AB", "city": "Amsterdam"}

    changed = program.patch(path, where | {"legal_name": "North B.V."}, If_Match=program.get(path).headers["ETag"])
    seen = changed.headers["ETag"]
    halves = [program.patch(path, {name: None}, If_Match=seen) for name in ("street", "city")]
    wrong = program.patch(path, {"tax_id": "NL1"}, If_Match=seen)
    without = program.patch(path, {"tax_id": None, "postcode": None}, If_Match=seen)

    assert [changed.json[name] for name in ("street", "city", "legal_name")] == ["Gracht 12", "Amsterdam", "North B.V."]
    assert [one.json["errors"][0]["pointer"] for one in (*halves, wrong)] == ["/street", "/city", "/tax_id"]
    assert (without.json["tax_id"], without.json["postcode"], without.json["city"]) == (None, None, "Amsterdam")


def test_a_stranger_can_neither_see_nor_change_it(app: Flask) -> None:
    customer_id = a_customer()
    stranger, path = Program(app, a_caller(a_customer())), f"/customers/{customer_id}"

    assert stranger.get(path).status_code == 404
    assert stranger.patch(path, {"name": "Mine"}, If_Match=f'"{customer_id}-2"').status_code == 404
    assert str(customer_id) not in stranger.get("/customers").text
    assert Program(app, a_caller(customer_id)).get(path).json["name"] != "Mine"
