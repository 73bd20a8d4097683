"""Carts through the API: filled, priced anew each time, previewed and ordered; refused lines come back."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from domains.kernel.database import new_id
from domains.services import db
from domains.services.models import AccountRef, Offer
from saga.transports.inline import Transport
from tests.factories.services import a_catalogue, an_account, an_offer

from .program import Program, a_caller


@pytest.fixture
def account(databases: object) -> AccountRef:
    connector = an_offer("connector", name="Connector", kind="addon", addon_of=("tailspin-analytics-pro",))
    with db.begin() as session:
        a_catalogue(session, an_offer(), an_offer("other", name="Other"), connector)
        return an_account(session)


@pytest.fixture
def program(app: Flask, account: AccountRef) -> Program:
    return Program(app, a_caller(account.customer_id))


def offer_called(name: str) -> str:
    with db.begin_read() as session:
        return str(session.query(Offer.id).filter_by(name=name).scalar())


def opened(program: Program, account: AccountRef) -> str:
    cart: str = program.post("/carts", {"account_id": str(account.id)}).json["id"]
    return f"/carts/{cart}"


def put(program: Program, cart: str, name: str, quantity: int, **more: Any) -> dict[str, Any]:
    """Put an offer in; gives the cart."""
    answer = program.post(f"{cart}/lines", {"offer_id": offer_called(name), "quantity": quantity} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_an_account_has_one_cart(program: Program, account: AccountRef) -> None:
    assert opened(program, account) == opened(program, account)
    assert len(program.get("/carts").json["items"]) == 1


def test_several_offers_and_add_ons_are_priced_together(program: Program, account: AccountRef) -> None:
    cart = opened(program, account)
    base = put(program, cart, "Analytics Pro", 20)["lines"][0]["id"]
    put(program, cart, "Other", 3)

    found = put(program, cart, "Connector", 5, base_line_id=base)

    assert [(line["name"], line["quantity"]) for line in found["lines"]] == [
        ("Analytics Pro", 20), ("Connector", 5), ("Other", 3),
    ]  # fmt: skip
    charged = sum(float(line["charge_now"]["amount"]) for line in found["lines"])
    assert float(found["charge_now"]["amount"]) == pytest.approx(charged)


def test_what_is_no_longer_sold_says_so_and_holds_up_nothing_else(program: Program, account: AccountRef) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    line = put(program, cart, "Other", 3)["lines"][1]["id"]
    with db.begin() as session:
        session.execute(update(Offer).where(Offer.name == "Other").values(active=False))

    found = program.get(cart).json

    assert [(line["error"] or {}).get("code") for line in found["lines"]] == [None, "offer_not_sold"]
    assert found["lines"][0]["charge_now"] and found["charge_now"] is None
    assert program.post(f"{cart}/preview", {}).json["code"] == "offer_not_sold"
    assert program.delete(f"{cart}/lines/{line}", If_Match="*").json["charge_now"]


def test_an_add_on_without_what_it_adds_to_says_so(program: Program, account: AccountRef) -> None:
    found = put(program, opened(program, account), "Connector", 5)

    assert found["lines"][0]["error"]["code"] == "parent_missing"


def test_a_line_is_changed_and_taken_out_with_its_add_ons(program: Program, account: AccountRef) -> None:
    cart = opened(program, account)
    base = put(program, cart, "Analytics Pro", 20)["lines"][0]["id"]
    put(program, cart, "Connector", 5, base_line_id=base)

    seen, line = program.get(cart).headers["ETag"], f"{cart}/lines/{base}"
    assert program.patch(line, {"quantity": 30}, If_Match=seen).json["lines"][0]["quantity"] == 30
    assert program.patch(line, {"quantity": 31}, If_Match=seen).json["code"] == "version_conflict"
    assert program.patch(line, {"quantity": 0}, If_Match="*").status_code == 422
    assert program.patch(line, {"quantity": 31}).status_code == 428
    assert program.delete(line, If_Match="*").json["lines"] == []
    assert program.delete(line, If_Match="*").status_code == 404


def test_what_is_ordered_is_gone_and_comes_back_should_it_come_to_nothing(
    program: Program, account: AccountRef, transport: Transport
) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    tag = program.get(cart).headers["ETag"]
    program.patch(cart, {"po_reference": "PO-7"}, If_Match=tag)
    promise = program.post(f"{cart}/preview", {}).json

    accepted = program.post(f"{cart}/order", {"preview_id": promise["id"]})
    transport.perform_next()
    emptied = program.get(cart).json
    operation = accepted.json["id"]
    program.post(f"/operations/{operation}/cancel", {})
    transport.run_until_quiet()

    assert accepted.status_code == 202
    assert program.get(f"/orders/{accepted.json['resource_id']}").json["po_reference"] == "PO-7"
    assert emptied["lines"] == []
    assert [line["name"] for line in program.get(cart).json["lines"]] == ["Analytics Pro"]


def test_a_cart_that_was_changed_since_its_preview_is_not_ordered_by_it(program: Program, account: AccountRef) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    promise = program.post(f"{cart}/preview", {}).json
    put(program, cart, "Other", 3)

    refused = program.post(f"{cart}/order", {"preview_id": promise["id"]})

    assert (refused.status_code, refused.json["code"]) == (422, "preview_mismatch")


def test_an_empty_cart_is_not_ordered(program: Program, account: AccountRef) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)

    assert program.post(f"{cart}/empty", {}).json["lines"] == []
    assert program.post(f"{cart}/preview", {}).json["code"] == "cart_empty"


def test_refused_lines_are_put_back_once(program: Program, account: AccountRef, transport: Transport) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    promise = program.post(f"{cart}/preview", {}).json
    accepted = program.post(f"{cart}/order", {"preview_id": promise["id"]}).json
    transport.perform_next()
    program.post(f"/operations/{accepted['id']}/cancel", {})
    put(program, cart, "Other", 3)
    transport.run_until_quiet()

    for _ in range(2):
        back = program.post("/carts/refill", {"order_id": accepted["resource_id"]}).json

    assert [line["name"] for line in back["lines"]] == ["Other", "Analytics Pro"]


def test_another_tenants_cart_is_not_there(app: Flask, program: Program, account: AccountRef) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    stranger = Program(app, a_caller(new_id()))

    assert stranger.get(cart).status_code == 404
    assert stranger.post(f"{cart}/lines", {"offer_id": offer_called("Other"), "quantity": 3}).status_code == 404
    assert stranger.post(f"{cart}/empty", {}).status_code == 404
    assert stranger.post("/carts", {"account_id": str(account.id)}).status_code == 404
    assert len(program.get(cart).json["lines"]) == 1


def test_what_is_in_a_cart_is_ordered_by_its_newest_preview_and_once(
    program: Program, account: AccountRef, transport: Transport
) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    older, newest = (program.post(f"{cart}/preview", {}).json["id"] for _ in range(2))

    refused = program.post(f"{cart}/order", {"preview_id": older})
    accepted = program.post(f"{cart}/order", {"preview_id": newest})
    transport.perform_next()
    again = [program.post(f"{cart}/order", {"preview_id": one}) for one in (older, newest)]

    assert (refused.status_code, refused.json["code"], accepted.status_code) == (422, "preview_mismatch", 202)
    assert [(one.status_code, one.json["code"]) for one in again] == [(422, "cart_empty"), (422, "preview_used")]


def test_a_cart_whose_papers_were_changed_since_its_preview_is_checked_again(
    program: Program, account: AccountRef
) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    promise = program.post(f"{cart}/preview", {}).json
    program.patch(cart, {"po_reference": "PO-8"}, If_Match="*")

    assert program.post(f"{cart}/order", {"preview_id": promise["id"]}).json["code"] == "preview_mismatch"


def test_a_cart_is_ordered_and_emptied_in_the_version_that_was_seen(program: Program, account: AccountRef) -> None:
    cart = opened(program, account)
    put(program, cart, "Analytics Pro", 20)
    seen = program.get(cart).headers["ETag"]
    put(program, cart, "Other", 3)
    promise = program.post(f"{cart}/preview", {}).json

    ordered = program.post(f"{cart}/order", {"preview_id": promise["id"]}, If_Match=seen)
    emptied = program.post(f"{cart}/empty", {}, If_Match=seen)

    assert (ordered.status_code, ordered.json["code"]) == (412, "version_conflict")
    assert (emptied.status_code, emptied.json["code"]) == (412, "version_conflict")
    assert program.post(f"{cart}/empty", {}, If_Match=program.get(cart).headers["ETag"]).json["lines"] == []
