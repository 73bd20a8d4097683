"""Approval limits through the API: set by the owner, told by a preview, and an order above them waits."""

from __future__ import annotations

from flask import Flask

from domains.services import db
from saga.transports.inline import Transport
from tests.factories.services import a_catalogue, an_account

from .program import Program, a_caller

PATH = "/approval-limits"


def test_an_order_above_the_limit_of_programs_is_told_by_its_preview_and_waits(
    app: Flask, transport: Transport
) -> None:
    with db.begin() as session:
        a_catalogue(session)
        account = an_account(session)
    program = Program(app, a_caller(account.customer_id))
    offer = next(one for one in program.get("/offers").json["items"] if one["kind"] == "seat")
    wish = {"account_id": str(account.id), "lines": [{"offer_id": offer["id"], "quantity": 5}]}
    assert program.get(PATH).json["items"] == [{"role": role, "limit": None} for role in ("owner", "buyer", "client")]
    assert program.post("/orders/preview", wish).json["approval_needed"] is False

    limit = {"amount": "1.00", "currency": "EUR"}
    assert program.post(PATH, {"role": "client", "limit": limit}).json["items"][2] == {"role": "client", "limit": limit}
    waits = program.post("/orders", wish)

    assert program.post("/orders/preview", wish).json["approval_needed"] is True
    assert (waits.status_code, waits.json["waiting_for"]) == (202, "approval")
    program.post(PATH, {"role": "client", "limit": None})
    assert program.post("/orders", wish).json["waiting_for"] is None


def test_who_may_not_set_limits_is_refused(app: Flask) -> None:
    program = Program(app, a_caller(scopes=frozenset({"approval-limits:read"})))

    assert program.get(PATH).status_code == 200
    assert program.post(PATH, {"role": "buyer", "limit": None}).status_code == 403
