"""What a provider asks with an order, through the API: listed, answered, refused at its place, and kept."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from domains.services import db
from saga.transports.inline import Transport
from tests.factories.services import POLICY, a_catalogue, a_line, an_account, an_offer

from .program import Program, a_caller


@pytest.fixture
def asking(app: Flask, databases: object) -> tuple[Program, dict[str, Any]]:
    """A program, and an order without answers of an offer that asks for a domain name."""
    asks = [{"key": "domain", "label": "Domain", "kind": "domain", "required": True}, {"key": "note", "label": "Note"}]
    with db.begin() as session:
        a_catalogue(session, an_offer(policy=POLICY | {"questions": asks}))
        account = an_account(session)
        line = {"offer_id": str(a_line(session).offer_id), "quantity": 5}
    return Program(app, a_caller(account.customer_id)), {"account_id": str(account.id), "lines": [line]}


def test_what_an_offer_asks_is_listed_and_an_answer_that_is_none_is_refused_at_its_place(
    asking: tuple[Program, dict[str, Any]],
) -> None:
    program, wish = asking
    (line,) = wish["lines"]
    offer = program.get(f"/offers/{line['offer_id']}").json

    without = program.post("/orders", wish)
    wrong = program.post("/orders/preview", wish | {"lines": [line | {"answers": {"domain": "no"}}]})

    assert [(one["key"], one["kind"], one["required"]) for one in offer["questions"]] == [
        ("domain", "domain", True), ("note", "text", False),
    ]  # fmt: skip
    assert (without.status_code, without.json["code"]) == (422, "answer_missing")
    assert without.json["errors"][0]["pointer"] == "/lines/0/answers/domain"
    assert (wrong.json["code"], "such as northwind.example" in wrong.json["detail"]) == ("answer_invalid", True)


def test_answers_are_promised_and_stand_with_the_order_and_in_the_cart(
    asking: tuple[Program, dict[str, Any]], transport: Transport
) -> None:
    (program, wish), said = asking, {"domain": "northwind.example"}
    line = wish["lines"][0] | {"answers": said}

    promise = program.post("/orders/preview", wish | {"lines": [line]}).json
    accepted = program.post("/orders", wish | {"preview_id": promise["id"]})
    at = f"/orders/{accepted.json['resource_id']}"
    at_once = program.get(at).json["lines"][0]["answers"]
    transport.perform_next()
    cart = program.post("/carts", {"account_id": wish["account_id"]}).json["id"]
    put = program.post(f"/carts/{cart}/lines", line).json["lines"][0]

    assert promise["lines"][0]["answers"] == at_once == program.get(at).json["lines"][0]["answers"] == said
    assert (put["answers"], put["error"]) == (said, None)
