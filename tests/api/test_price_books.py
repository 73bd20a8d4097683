"""Price books, agreements and why something costs what it costs, through the API."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Scope
from domains.services import db
from domains.users.policy import PRICE_SCOPES
from saga.transports.inline import Transport
from tests.factories.services import a_catalogue, an_account

from .program import Program, a_caller

RULES: list[dict[str, Any]] = [
    {"scope": "all", "markup_percent": "20"},
    {"scope": "all", "markup_percent": "10", "min_quantity": 50, "rounding": "99"},
    {"scope": "offer", "target": "tailspin-analytics-pro", "term": "P3Y", "billing_cycle": "monthly",
     "unit_price": {"amount": "19.00", "currency": "EUR"}, "valid_to": "2027-12-31"},
]  # fmt: skip


@pytest.fixture
def desk(app: Flask) -> Program:
    """A program of the operator that keeps prices."""
    known = {"kind": "operator", "scope": Scope.operator(), "scopes": PRICE_SCOPES | {"offers:read"}}
    return Program(app, a_caller(actor=Actor("client", "eu-prices", "Prices desk"), **known))


def test_a_price_book_is_made_changed_and_keeps_its_history(desk: Program) -> None:
    made = desk.post("/price-books", {"name": "Partners 2027", "rules": RULES})
    at = f"/price-books/{made.json['id']}"
    changed = desk.patch(at, {"rounding": "up_5"}, If_Match=made.headers["ETag"])
    late = desk.patch(at, {"rounding": "up_1"}, If_Match=made.headers["ETag"])

    assert made.status_code == 201
    assert made.json["rules"][1]["min_quantity"] == 50
    assert (changed.status_code, changed.json["rounding"], len(changed.json["rules"])) == (200, "up_5", 3)
    assert late.status_code in (409, 412)
    assert [one["version"] for one in desk.get(f"{at}/versions").json["items"]] == [2, 1]
    assert "Partners 2027" in [one["name"] for one in desk.get("/price-books").json["items"]]


@pytest.mark.parametrize(
    "rule",
    [{"scope": "all"}, {"scope": "moon", "markup_percent": "1"}, {"scope": "all", "markup_percent": "1e3"},
     {"scope": "vendor", "markup_percent": "1"}, {"scope": "all", "markup_percent": "1", "discount_percent": "1"},
     {"scope": "all", "markup_percent": "1", "min_quantity": 0}],
)  # fmt: skip
def test_a_rule_that_cannot_be_meant_is_refused_by_its_field(desk: Program, rule: dict[str, Any]) -> None:
    answer = desk.post("/price-books", {"name": "Odd", "rules": [rule]})

    assert answer.status_code == 422
    assert "rules" in str(answer.json)


def test_a_preview_says_what_rules_would_do_and_keeps_nothing(desk: Program) -> None:
    with db.begin() as session:
        a_catalogue(session)
    seen = desk.post("/price-books/preview", {"rules": RULES}).json

    assert (seen["cheaper"], seen["samples"][0]["after"]["amount"]) == (1, "30.24")
    assert len(desk.get("/price-books").json["items"]) == 1


def test_a_customer_buys_by_its_agreement_and_is_told_so_without_our_cost(app: Flask, desk: Program) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
    desk.post("/price-books", {"name": "Partners 2027", "rules": RULES})
    wish = {"customer_id": str(account.customer_id), "reference": "FA-7", "price_book": "Partners 2027"}
    agreed = desk.post("/price-agreements", wish | {"valid_from": "2026-01-01"})
    buyer = Program(app, a_caller(account.customer_id))
    offer = buyer.get("/offers").json["items"][0]
    plan = buyer.get(f"/offers/{offer['id']}").json["plans"][0]
    theirs = buyer.get(f"/offers/{offer['id']}/price?quantity=60").json
    ours = desk.get(f"/offers/{offer['id']}/price?account_id={account.id}&quantity=60").json

    assert agreed.status_code == 201
    assert offer["unit_price"]["amount"] == plan["unit_price"]["amount"] == "30.24"
    assert plan["tiers"] == [{"from_quantity": 50, "unit_price": {"amount": "27.99", "currency": "EUR"}}]
    assert (theirs["priced_by"]["agreement"], theirs["priced_by"]["tier"]) == ("FA-7", 50)
    assert (theirs["purchase_price"], theirs["steps"], theirs["rule"]) == (None, [], None)
    assert ours["purchase_price"]["amount"] == "25.20"
    assert [step["kind"] for step in ours["steps"]] == ["purchase", "markup", "rounding"]


def test_an_agreement_gets_another_last_day_and_nobody_elses_customer_is_named(desk: Program) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
    wish = {"reference": "FA-7", "price_book": "Standard 2026", "valid_from": "2026-01-01"}
    unknown = desk.post("/price-agreements", wish | {"customer_id": str(new_id())})
    made = desk.post("/price-agreements", wish | {"customer_id": str(account.customer_id)})
    at = f"/price-agreements/{made.json['id']}"
    ended = desk.patch(at, {"valid_to": "2099-12-31"}, If_Match=made.headers["ETag"])

    assert unknown.status_code == 404
    assert (ended.status_code, ended.json["valid_to"]) == (200, "2099-12-31")
    assert desk.get(f"/price-agreements?customer_id={account.customer_id}").json["items"][0]["version"] == 2
    assert desk.patch(at, {"valid_to": "2020-01-01"}, If_Match="*").status_code == 422


def test_a_customer_keeps_no_prices(app: Flask) -> None:
    program = Program(app, a_caller(scopes=PRICE_SCOPES))

    assert program.get("/price-books").json["items"] == []
    assert program.post("/price-books", {"name": "Mine", "rules": RULES}).json["code"] == "operator_only"
    assert program.post("/catalogue-syncs", {}).json["code"] == "operator_only"


def test_a_sync_is_started_once_and_what_it_has_changed_can_be_read(desk: Program, transport: Transport) -> None:
    with db.begin() as session:
        a_catalogue(session)
    started = desk.post("/catalogue-syncs", {"full": True}, Idempotency_Key="k-1")
    again = desk.post("/catalogue-syncs", {"full": True}, Idempotency_Key="k-1")
    sync = desk.get("/catalogue-syncs").json["items"][0]
    change = desk.get(f"/catalogue-changes?sync_id={sync['id']}&kind=added").json["items"][0]

    assert (started.status_code, again.json["id"]) == (202, started.json["id"])
    assert (sync["kind"], sync["added"]) == ("full", 1)
    assert (change["name"], change["kind"]) == ("Analytics Pro", "added")
    assert desk.get(f"/catalogue-syncs/{sync['id']}").json == sync
