"""Quotes through the API: prices that hold for days, accepted as an order at them, or declined, or expired."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from domains.kernel.database import new_id
from domains.services import db
from domains.services.models import AccountRef, Offer, OfferPlan
from saga.transports.inline import Transport
from tests.conftest import Clock
from tests.factories.services import a_catalogue, a_line, an_account

from .program import Program, a_caller


@pytest.fixture
def account(databases: object) -> AccountRef:
    with db.begin() as session:
        a_catalogue(session)
        return an_account(session)


@pytest.fixture
def program(app: Flask, account: AccountRef) -> Program:
    return Program(app, a_caller(account.customer_id))


def wish(account: AccountRef, **but: Any) -> dict[str, Any]:
    with db.begin_read() as session:
        line = {"offer_id": str(a_line(session).offer_id), "quantity": 20}
    return {"account_id": str(account.id), "lines": [line], "valid_days": 10} | but


def made(program: Program, account: AccountRef, **but: Any) -> dict[str, Any]:
    answer = program.post("/quotes", wish(account, **but))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_a_quote_promises_prices_until_its_day(program: Program, account: AccountRef, clock: Clock) -> None:
    quote = made(program, account, note="For the team", po_reference="PO-9")

    assert (quote["number"], quote["state"], quote["note"]) == ("QUO-2026-000001", "draft", "For the team")
    assert quote["valid_until"] == "2026-03-20T09:00:00+00:00"
    assert quote["lines"][0]["unit_price"] == {"amount": "31.50", "currency": "EUR"}
    assert quote["po_reference"] == "PO-9"
    assert program.get(f"/quotes/{quote['id']}").json == quote


def test_an_accepted_quote_is_an_order_at_its_prices_on_the_day_it_is_accepted(
    program: Program, account: AccountRef, clock: Clock, transport: Transport
) -> None:
    quote = made(program, account)
    with db.begin() as session:
        session.execute(update(OfferPlan).values(purchase_price=Decimal("99.000000")))
    clock.advance(days=9)

    accepted = program.post(f"/quotes/{quote['id']}/accept", {})
    transport.perform_next()

    order = program.get(f"/orders/{accepted.json['resource_id']}").json
    assert (accepted.status_code, order["effective_on"]) == (202, "2026-03-19")
    assert order["lines"][0]["unit_price"] == quote["lines"][0]["unit_price"]
    assert order["charge_now"] != quote["charge_now"]
    taken = program.get(f"/quotes/{quote['id']}").json
    assert (taken["state"], taken["order_id"]) == ("accepted", order["id"])
    assert program.post(f"/quotes/{quote['id']}/accept", {}).json["code"] == "quote_closed"


def test_a_quote_expires(program: Program, account: AccountRef, clock: Clock) -> None:
    quote = made(program, account)
    clock.advance(days=10)

    assert program.get(f"/quotes/{quote['id']}").json["state"] == "expired"
    assert [one["id"] for one in program.get("/quotes?state=expired").json["items"]] == [quote["id"]]
    assert program.get("/quotes?state=draft").json["items"] == []
    refused = program.post(f"/quotes/{quote['id']}/accept", {})
    assert (refused.status_code, refused.json["code"]) == (409, "quote_closed")


def test_a_quote_is_sent_and_declined_once(program: Program, account: AccountRef) -> None:
    at = f"/quotes/{made(program, account)['id']}"

    sent = program.post(f"{at}/send", {}).json
    declined = program.post(f"{at}/decline", {"reason": "Too dear"}).json

    assert (sent["state"], sent["version"]) == ("sent", 2)
    assert (declined["state"], declined["reason"], declined["decided_by"]) == ("declined", "Too dear", "ERP")
    assert program.post(f"{at}/send", {}).status_code == 409
    assert program.post(f"{at}/accept", {}).status_code == 409


def test_what_is_no_longer_sold_is_not_ordered_by_a_quote(program: Program, account: AccountRef) -> None:
    quote = made(program, account)
    with db.begin() as session:
        session.execute(update(Offer).values(active=False))

    assert program.post(f"/quotes/{quote['id']}/accept", {}).json["code"] == "offer_not_sold"


@pytest.mark.parametrize("days", [0, 91])
def test_a_quote_holds_one_to_ninety_days(program: Program, account: AccountRef, days: int) -> None:
    assert program.post("/quotes", wish(account, valid_days=days)).status_code == 422


def test_another_tenants_quote_is_not_there(app: Flask, program: Program, account: AccountRef) -> None:
    at = f"/quotes/{made(program, account)['id']}"
    stranger = Program(app, a_caller(new_id()))

    assert stranger.get(at).status_code == 404
    for verb in ("send", "decline", "accept"):
        assert stranger.post(f"{at}/{verb}", {}).status_code == 404
    assert stranger.post("/quotes", wish(account)).status_code == 404
    assert program.get(at).json["state"] == "draft"


def test_a_quote_is_accepted_in_the_version_that_was_seen(program: Program, account: AccountRef) -> None:
    at = f"/quotes/{made(program, account)['id']}"
    seen = program.get(at).headers["ETag"]
    program.post(f"{at}/send", {})

    late = program.post(f"{at}/accept", {}, If_Match=seen)

    assert (late.status_code, late.json["code"]) == (412, "version_conflict")
    assert program.post(f"{at}/accept", {}, If_Match=program.get(at).headers["ETag"]).status_code == 202
