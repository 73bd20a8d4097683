"""Approvals through the API: what is above a limit waits, is seen by those who may decide, and is decided once."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor
from domains.services import db
from domains.services.models import AccountRef
from domains.users.policy import ROLE_SCOPES
from saga.transports.inline import Transport
from tests.factories.services import a_catalogue, an_account

from .program import Program, a_caller

PATH = "/approvals"


@pytest.fixture
def account(databases: object) -> AccountRef:
    with db.begin() as session:
        a_catalogue(session)
        return an_account(session)


def a_program(app: Flask, account: AccountRef, name: str) -> Program:
    known: dict[str, Any] = {"actor": Actor("client", f"eu-{name}", name), "scopes": ROLE_SCOPES["owner"]}
    return Program(app, a_caller(account.customer_id, **known))


@pytest.fixture
def erp(app: Flask, account: AccountRef) -> Program:
    """A program that may order for one euro."""
    program = a_program(app, account, "ERP")
    program.post("/approval-limits", {"role": "client", "limit": {"amount": "1.00", "currency": "EUR"}})
    return program


@pytest.fixture
def controlling(app: Flask, account: AccountRef, erp: Program) -> Program:
    """Another program, that may decide once the limit of programs is gone."""
    return a_program(app, account, "Controlling")


def wish(program: Program, account: AccountRef, **but: Any) -> dict[str, Any]:
    offer = next(one for one in program.get("/offers").json["items"] if one["kind"] == "seat")
    return {"account_id": str(account.id), "lines": [{"offer_id": offer["id"], "quantity": 5}]} | but


def waiting(program: Program, account: AccountRef, transport: Transport) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order that waits: its operation and its approval."""
    operation = program.post("/orders", wish(program, account)).json
    transport.run_until_quiet()
    return operation, program.get(f"{PATH}?state=open").json["items"][0]


def test_an_order_above_the_limit_is_accepted_and_waits_for_approval(
    erp: Program, account: AccountRef, transport: Transport
) -> None:
    accepted = erp.post("/orders", wish(erp, account))
    operation = accepted.json
    at_once = erp.get(f"/orders/{operation['resource_id']}").json
    transport.run_until_quiet()

    assert (accepted.status_code, operation["status"], operation["waiting_for"]) == (202, "not_started", "approval")
    assert at_once["state"] == "awaiting_approval"
    later = erp.get(f"/operations/{operation['id']}").json
    assert (later["status"], later["waiting_for"]) == ("not_started", "approval")
    assert erp.get(f"/orders/{operation['resource_id']}").json["state"] == "awaiting_approval"
    assert erp.get("/orders?state=awaiting_approval").json["items"][0]["id"] == operation["resource_id"]


def test_a_request_says_what_it_commits_to_and_whether_one_may_decide_it(
    erp: Program, controlling: Program, account: AccountRef, transport: Transport
) -> None:
    operation, request = waiting(erp, account, transport)

    assert (request["subject_id"], request["operation_id"]) == (operation["resource_id"], operation["id"])
    assert (request["state"], request["requested_by"], request["may_decide"]) == ("requested", "ERP", False)
    assert "yourself" in request["why_not"]
    seen = controlling.get(f"{PATH}/{request['id']}")
    assert "higher limit" in seen.json["why_not"] and seen.headers["ETag"]


def test_a_yes_is_given_once_and_the_run_goes_on(
    erp: Program, controlling: Program, account: AccountRef, transport: Transport
) -> None:
    operation, request = waiting(erp, account, transport)
    at = f"{PATH}/{request['id']}/approve"
    assert controlling.post(at, {}).json["code"] == "limit_too_low"
    erp.post("/approval-limits", {"role": "client", "limit": None})

    assert erp.post(at, {}).json["code"] == "own_request"
    yes = controlling.post(at, {"reason": "Fine"}, If_Match=f'"{request["id"]}-1"', Idempotency_Key="yes")
    again = controlling.post(at, {"reason": "Fine"}, If_Match=f'"{request["id"]}-1"', Idempotency_Key="yes")

    assert (yes.status_code, yes.json["state"], yes.json["decided_by"]) == (200, "approved", "Controlling")
    assert again.json == yes.json
    assert transport.commands[0]["name"] == "services.start_order"  # woken, not waited for
    assert controlling.post(f"{PATH}/{request['id']}/reject", {"reason": "x"}).status_code == 409
    assert erp.get(f"/operations/{operation['id']}").json["waiting_for"] in ("approval", None)


def test_a_no_needs_a_reason_and_takes_the_order_back(
    erp: Program, controlling: Program, account: AccountRef, transport: Transport
) -> None:
    operation, request = waiting(erp, account, transport)
    erp.post("/approval-limits", {"role": "client", "limit": None})
    at = f"{PATH}/{request['id']}/reject"

    assert controlling.post(at, {}).status_code == 422
    assert controlling.post(at, {"reason": "Too dear"}).json["state"] == "rejected"
    transport.run_until_quiet()

    ended = erp.get(f"/operations/{operation['id']}").json
    assert (ended["status"], ended["error"]["code"]) == ("failed", "approval_rejected")
    assert "Too dear" in ended["error"]["detail"]


def test_a_decision_can_be_left_to_a_colleague(
    erp: Program, controlling: Program, account: AccountRef, transport: Transport
) -> None:
    _operation, request = waiting(erp, account, transport)
    erp.post("/approval-limits", {"role": "client", "limit": None})

    left = controlling.post(f"{PATH}/{request['id']}/delegate", {"to": "Carl@Northwind.example"}).json

    assert (left["state"], left["delegated_to"], left["delegated_by"]) == (
        "delegated", "carl@northwind.example", "Controlling",
    )  # fmt: skip
    assert erp.get(f"{PATH}?state=open").json["items"][0]["id"] == request["id"]


def test_another_tenants_approval_is_not_there(
    app: Flask, erp: Program, account: AccountRef, transport: Transport
) -> None:
    _operation, request = waiting(erp, account, transport)
    stranger = Program(app, a_caller(new_id(), scopes=ROLE_SCOPES["owner"]))

    for path, body in (("approve", {}), ("reject", {"reason": "x"}), ("delegate", {"to": "a@b.example"})):
        assert stranger.post(f"{PATH}/{request['id']}/{path}", body).status_code == 404
    assert stranger.get(f"{PATH}/{request['id']}").status_code == 404
    assert stranger.get(PATH).json["items"] == []


def test_without_the_right_nobody_decides(app: Flask, erp: Program, account: AccountRef, transport: Transport) -> None:
    _operation, request = waiting(erp, account, transport)
    reader = Program(app, a_caller(account.customer_id, scopes=ROLE_SCOPES["reader"]))

    assert reader.get(f"{PATH}/{request['id']}").json["why_not"] == "Your role does not approve."
    assert reader.post(f"{PATH}/{request['id']}/approve", {}).status_code == 403


def test_orders_above_an_amount_must_name_a_preview(app: Flask, account: AccountRef, transport: Transport) -> None:
    program = a_program(app, account, "ERP")
    rule = {"preview_above": {"amount": "10.00", "currency": "EUR"}, "approval_days": 5}
    assert program.get("/ordering-rules").json["approval_days"] == 14

    assert program.post("/ordering-rules", rule).json | rule == program.get("/ordering-rules").json
    blind = program.post("/orders", wish(program, account))
    promise = program.post("/orders/preview", wish(program, account)).json

    assert (blind.status_code, blind.json["code"]) == (422, "preview_required")
    assert program.post("/orders", wish(program, account, preview_id=promise["id"])).status_code == 202
    assert program.post("/ordering-rules", rule | {"approval_days": 91}).status_code == 422


def test_an_order_for_a_later_day_says_what_it_waits_for(
    app: Flask, account: AccountRef, transport: Transport, clock: Any
) -> None:
    program = a_program(app, account, "ERP")

    accepted = program.post("/orders", wish(program, account, starts_on="2026-04-01"))
    too_late = program.post("/orders/preview", wish(program, account, starts_on="2026-06-09"))

    assert (accepted.status_code, accepted.json["waiting_for"]) == (202, "start_date")
    order = program.get(f"/orders/{accepted.json['resource_id']}").json
    assert (order["state"], order["effective_on"]) == ("scheduled", "2026-04-01")
    assert (too_late.status_code, too_late.json["code"]) == (422, "start_not_possible")
    assert too_late.json["errors"][0]["pointer"] == "/starts_on"
