"""Orders through the API: previewed, placed, followed and read."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from domains.kernel.database import new_id
from domains.services import db
from domains.services.models import AccountRef
from saga.transports.inline import Transport
from tests.conftest import Clock
from tests.factories.services import a_catalogue, a_line, a_subscription, an_account, an_offer, place, terms_of

from .program import Program, a_caller


@pytest.fixture
def account(databases: object) -> AccountRef:
    """An account that may order, before a catalogue of one offer and its add-on."""
    connector = an_offer("connector", name="Connector", kind="addon", addon_of=("tailspin-analytics-pro",))
    with db.begin() as session:
        a_catalogue(session, an_offer(), connector)
        return an_account(session)


@pytest.fixture
def program(app: Flask, account: AccountRef) -> Program:
    return Program(app, a_caller(account.customer_id))


def an_order(account: AccountRef, quantity: Any = 20, **but: Any) -> dict[str, Any]:
    """A request for seats of the catalogue's first offer."""
    with db.begin_read() as session:
        line = {"offer_id": str(a_line(session).offer_id), "quantity": quantity}
    return {"account_id": str(account.id), "lines": [line]} | but


def add_on(quantity: int = 5) -> dict[str, Any]:
    with db.begin_read() as session:
        return {"offer_id": str(a_line(session, offer_id="connector").offer_id), "quantity": quantity}


def test_a_preview_promises_prices_and_dates(program: Program, account: AccountRef, clock: Clock) -> None:
    answer = program.post("/orders/preview", an_order(account), Idempotency_Key=None)

    assert answer.status_code == 200
    assert answer.json["expires_at"] == "2026-03-10T09:30:00+00:00"
    assert answer.json["charge_now"] == {"amount": "447.10", "currency": "EUR"}  # 22 of 31 days × 20 × 31.50
    assert answer.json["every_month"] == {"amount": "630.00", "currency": "EUR"}
    assert answer.json["tax_estimate"]["percent"] == "21"
    line = answer.json["lines"][0]
    assert (line["effective_from"], line["valid_to"]) == ("2026-03-10", "2027-03-09")
    assert line["undo_until"] == "2026-03-17T09:00:00+00:00"
    assert answer.json["approval_needed"] is False


def test_an_add_on_is_priced_behind_its_line(program: Program, account: AccountRef) -> None:
    wish = an_order(account)
    wish["lines"][0]["add_ons"] = [add_on()]

    answer = program.post("/orders/preview", wish)

    assert [(line["name"], line["quantity"]) for line in answer.json["lines"]] == [
        ("Analytics Pro", 20), ("Connector", 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"quantity": 301}, "quantity_out_of_range", "/lines/0/quantity"),
        ({"quantity": 0}, "validation_failed", "/lines/0/quantity"),
        ({"term": "P3Y"}, "term_not_sold", "/lines/0/term"),
        ({"colour": "red"}, "validation_failed", "/lines/0/colour"),
        ({"parent_subscription_id": str(new_id())}, "parent_not_found", "/lines/0/parent_subscription_id"),
        ({"offer_id": str(new_id())}, "offer_not_found", "/lines/0/offer_id"),
    ],
)
def test_what_is_wrong_is_told_by_field(
    program: Program, account: AccountRef, change: dict[str, Any], code: str, pointer: str
) -> None:
    wish = an_order(account)
    wish["lines"][0] |= change

    for path in ("/orders/preview", "/orders"):
        answer = program.post(path, wish)
        assert answer.status_code in (404, 422)
        assert answer.json["code"] == code
        assert (answer.json["errors"][0]["pointer"], answer.json["errors"][0]["location"]) == (pointer, "body")


def test_an_order_is_accepted_and_can_be_followed(program: Program, account: AccountRef, transport: Transport) -> None:
    answer = program.post("/orders", an_order(account, po_reference="PO-4711"))
    operation = answer.json

    assert answer.status_code == 202
    assert answer.headers["Operation-Location"] == f"http://localhost:8000/api/v1/operations/{operation['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert "Location" not in answer.headers
    assert (operation["kind"], operation["status"]) == ("place_order", "not_started")
    assert operation["label"] == "20 × Analytics Pro · Head office"
    assert operation["resource_url"] is None
    assert operation["steps"][0] == {
        "name": "services.draft_order", "title": "Check the order", "status": "working", "message": None,
        "started_at": operation["steps"][0]["started_at"], "ended_at": None,
    }  # fmt: skip
    assert program.get(f"/operations/{operation['id']}").json == operation


def test_an_order_can_be_read_before_it_is_written_down(
    program: Program, account: AccountRef, transport: Transport
) -> None:
    order_id = program.post("/orders", an_order(account, cost_centre="4711")).json["resource_id"]

    before = program.get(f"/orders/{order_id}")
    transport.perform_next()
    after = program.get(f"/orders/{order_id}")

    assert (before.json["state"], before.json["number"], before.json["version"]) == ("placed", None, 0)
    assert (after.json["state"], after.json["version"]) == ("placed", 1)
    assert after.json["number"].startswith("ORD-")
    same = ("lines", "charge_now", "every_month", "commitment", "account_id", "cost_centre", "effective_on")
    for name in same:
        assert after.json[name] == before.json[name], name
    assert program.get("/orders").json["items"][0] == after.json
    assert program.get(f"/orders/{order_id}", If_None_Match=after.headers["ETag"]).status_code == 304


def test_a_repeated_order_is_placed_once(program: Program, account: AccountRef, transport: Transport) -> None:
    wish, key = an_order(account), str(new_id())

    first = program.post("/orders", wish, Idempotency_Key=key)
    again = program.post("/orders", wish, Idempotency_Key=key)
    other = program.post("/orders", an_order(account, quantity=21), Idempotency_Key=key)
    transport.perform_next()

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert len(program.get("/orders").json["items"]) == 1


def test_a_repeat_is_answered_although_the_preview_has_expired(
    program: Program, account: AccountRef, transport: Transport, clock: Clock
) -> None:
    wish, key = an_order(account), str(new_id())
    wish["preview_id"] = program.post("/orders/preview", wish).json["id"]
    first = program.post("/orders", wish, Idempotency_Key=key)
    clock.advance(minutes=31)

    again = program.post("/orders", wish, Idempotency_Key=key)
    late = program.post("/orders", wish)

    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    assert (late.status_code, late.json["code"]) == (422, "preview_expired")


def test_an_order_that_came_to_nothing_says_why(program: Program, account: AccountRef, transport: Transport) -> None:
    operation = program.post("/orders", an_order(account)).json
    with db.begin() as session:
        session.get_one(AccountRef, account.id).status = "suspended"

    transport.run_until_quiet()
    ended = program.get(f"/operations/{operation['id']}")
    order = program.get(f"/orders/{operation['resource_id']}").json

    assert (ended.json["status"], ended.json["error"]["code"]) == ("failed", "account_not_active")
    assert [step["status"] for step in ended.json["steps"]][:2] == ["refused", "not_reached"]
    assert ended.json["steps"][0]["message"] == ended.json["error"]["detail"]
    assert ended.json["percent_complete"] == 100
    assert "Retry-After" not in ended.headers
    assert (order["state"], order["error"]) == ("failed", ended.json["error"])


def test_an_order_without_a_key_is_refused(program: Program, account: AccountRef, transport: Transport) -> None:
    missing = program.post("/orders", an_order(account), Idempotency_Key=None)
    wrong = program.post("/orders", an_order(account), Idempotency_Key="x" * 256)

    assert (missing.status_code, missing.json["code"]) == (400, "idempotency_key_missing")
    assert (wrong.status_code, wrong.json["code"]) == (400, "idempotency_key_invalid")
    assert program.get("/operations").json["items"] == []


def test_two_callers_may_use_the_same_key(app: Flask, account: AccountRef, transport: Transport) -> None:
    with db.begin() as session:
        other = an_account(session)
    key = str(new_id())

    answers = [
        Program(app, a_caller(one.customer_id)).post("/orders", an_order(one), Idempotency_Key=key)
        for one in (account, other)
    ]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json["id"] != answers[1].json["id"]


def test_orders_are_listed_newest_first_by_pages_and_filters(program: Program, account: AccountRef) -> None:
    with db.begin() as session:
        orders = [terms_of(session, account) for _ in range(3)]
        for terms in orders:
            place(session, terms)
        a_subscription(session, account)

    first = program.get("/orders?limit=3").json
    rest = program.get(f"/orders?limit=3&cursor={first['next_cursor']}").json
    placed = program.get("/orders?state=placed").json

    assert [len(first["items"]), len(rest["items"]), rest["next_cursor"], rest["has_more"]] == [3, 1, None, False]
    assert [order["id"] for order in placed["items"]] == [str(terms.order_id) for terms in reversed(orders)]
    assert program.get(f"/orders?state=placed&cursor={first['next_cursor']}").json["code"] == "cursor_invalid"
    assert program.get(f"/orders?customer_id={new_id()}").json["items"] == []


def test_a_reseller_orders_for_its_end_customer_and_narrows_its_lists(app: Flask, account: AccountRef) -> None:
    reseller_id = new_id()
    with db.begin() as session:
        theirs, own = an_account(session, reseller_id=reseller_id), an_account(session, customer_id=reseller_id)
        place(session, terms_of(session, theirs))
        place(session, terms_of(session, own))
    reseller = Program(app, a_caller(reseller_id, "reseller"))

    everything = reseller.get("/orders").json["items"]
    narrowed = reseller.get(f"/orders?customer_id={theirs.customer_id}").json["items"]

    assert len(everything) == 2
    assert [order["customer_id"] for order in narrowed] == [str(theirs.customer_id)]
    assert reseller.post("/orders/preview", an_order(theirs)).status_code == 200


def test_what_belongs_to_others_looks_as_if_it_were_not_there(
    app: Flask, account: AccountRef, program: Program, transport: Transport
) -> None:
    with db.begin() as session:
        terms = terms_of(session, account)
        place(session, terms)
    operation = program.post("/orders", an_order(account)).json
    preview = program.post("/orders/preview", an_order(account)).json
    stranger = Program(app, a_caller())

    def said(answer: TestResponse) -> tuple[int, Any]:
        return answer.status_code, answer.json.get("items")

    assert said(stranger.get(f"/orders/{terms.order_id}")) == (404, None)
    assert said(stranger.get(f"/orders/{operation['resource_id']}")) == (404, None)
    assert said(stranger.get(f"/operations/{operation['id']}")) == (404, None)
    assert said(stranger.get("/orders")) == said(stranger.get("/operations")) == (200, [])
    assert said(stranger.post("/orders", an_order(account))) == (404, None)
    assert said(stranger.post("/orders/preview", an_order(account))) == (404, None)
    assert said(stranger.post("/orders", an_order(account, preview_id=preview["id"]))) == (404, None)
    assert len(program.get("/operations").json["items"]) == 1
