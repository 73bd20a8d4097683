"""Programs make many changes as one plan: as rows or a file, with money per row and in sum, and a result for each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from saga import bulk_rows, signals
from saga.transports import inline
from tests.sandboxes import Sandbox

from .test_whole_story import HOST, Client, an_end_customer, ordered
from .test_whole_story import transport as transport

pytestmark = pytest.mark.slow


@pytest.fixture
def customer(app: Flask, transport: inline.Transport, sandbox: Sandbox) -> Client:
    """An end-customer with two subscriptions of five seats."""
    _, customer, account = an_end_customer(app, transport)
    ordered(customer, account)
    ordered(customer, account)
    return customer


def held(customer: Client) -> list[Any]:
    found: list[Any] = customer.get("/subscriptions").json["items"]
    return found


def applied(customer: Client, plan: Any) -> Any:
    """The operation of a plan that was applied and worked off."""
    accepted = customer.post(f"/bulk-plans/{plan['id']}/apply", {"digest": plan["digest"]})
    assert accepted.status_code == 202, accepted.text
    customer.transport.run_until_quiet()
    for _ in range(3):
        bulk_rows.work_off("now")
        customer.transport.run_until_quiet()
    return customer.get(accepted.headers["Operation-Location"].removeprefix(HOST)).json


def test_a_file_is_priced_applied_and_told_row_by_row(customer: Client) -> None:
    one, two = held(customer)
    csv = f"Subscription;Action;Value\n{one['number']};change_quantity;6\n{two['id']};cancel;now\nSUB-1;cancel;now\n"

    made = customer.post("/bulk-plans", {"csv": csv})
    plan = made.json
    applied(customer, plan)
    after = customer.get(f"/bulk-plans/{plan['id']}").json
    rows = customer.get(f"/bulk-plans/{plan['id']}/rows").json["items"]
    file = customer.get(f"/bulk-plans/{plan['id']}/csv")

    assert (made.status_code, plan["state"], plan["rows"], plan["invalid"]) == (201, "ready", 3, 1)
    assert float(plan["totals"][0]["charge_now"]["amount"]) > 0 and float(plan["totals"][0]["refund"]["amount"]) > 0
    assert [row["state"] for row in rows] == ["done", "done", "invalid"]
    assert (after["state"], after["done"], after["failed"]) == ("done", 2, 0)
    assert rows[0]["before"] == "5" and rows[2]["error"]["code"] == "subscription_not_found"
    assert {one["id"]: one["quantity"] for one in held(customer)}[one["id"]] == 6
    assert file.text.splitlines()[1].startswith(f"1,{one['number']},change_quantity,6,")


def test_the_same_request_again_is_the_same_plan_and_a_digest_is_needed(customer: Client) -> None:
    body = {"rows": [{"subscription": held(customer)[0]["number"], "action": "change_quantity", "value": "6"}]}

    first = customer.post("/bulk-plans", body, Idempotency_Key="k")
    again = customer.post("/bulk-plans", body, Idempotency_Key="k")
    other = customer.post(f"/bulk-plans/{first.json['id']}/apply", {"digest": "of another"})

    assert (again.json["id"], again.headers["Idempotent-Replayed"]) == (first.json["id"], "true")
    assert (other.status_code, other.json["code"]) == (422, "plan_mismatch")


@pytest.mark.parametrize(
    ("csv", "says"),
    [
        ("", "length"),
        ("number,action\nSUB-1,cancel\n", "columns"),
        ("subscription,action,value\nSUB-1,cancel\n", "Line 2 has 2 cells"),
        ('subscription,action,value\n"SUB-1,cancel,now\n', "no CSV"),
        ("subscription,action,value\nSUB-1\x00,cancel,now\n", "characters"),
        ("subscription,action,value\n" + "x" * 100 + ",cancel,now\n", "Line 2"),
        ("subscription,action,value\n", "no row"),
        ("subscription,action,value\n" + "SUB-1,cancel,now\n" * 1001, "too many"),
    ],
    ids=["empty", "columns", "cells", "quote", "control", "long", "header only", "rows"],
)
def test_a_file_that_is_none_is_refused_with_the_line(customer: Client, csv: str, says: str) -> None:
    answer = customer.post("/bulk-plans", {"csv": csv})

    assert answer.status_code in (400, 422)
    assert says.lower() in answer.text.lower()


def test_cells_that_a_spreadsheet_would_run_are_rows_that_cannot_be_made_and_go_out_harmless(customer: Client) -> None:
    plan = customer.post("/bulk-plans", {"csv": "subscription,action,value\n=1+1,cancel,@now\n"}).json

    (row,) = customer.get(f"/bulk-plans/{plan['id']}/rows").json["items"]
    text = customer.get(f"/bulk-plans/{plan['id']}/csv").text

    assert (row["state"], row["error"]["code"]) == ("invalid", "subscription_not_found")
    assert "1,'=1+1,cancel,'@now," in text


def test_a_plan_is_cancelled_once_and_not_applied_afterwards(customer: Client) -> None:
    body = {"rows": [{"subscription": held(customer)[0]["number"], "action": "cancel", "value": "now"}]}
    plan = customer.post("/bulk-plans", body).json

    ended = [customer.post(f"/bulk-plans/{plan['id']}/cancel", None).json["state"] for _ in range(2)]
    late = customer.post(f"/bulk-plans/{plan['id']}/apply", {"digest": plan["digest"]})

    assert ended == ["canceled", "canceled"]
    assert (late.status_code, late.json["code"]) == (409, "plan_not_ready")


def test_a_strangers_plan_is_not_there_and_its_subscriptions_are_not_found(
    app: Flask, transport: inline.Transport, customer: Client
) -> None:
    number = held(customer)[0]["number"]
    body = {"rows": [{"subscription": number, "action": "cancel", "value": "now"}]}
    plan = customer.post("/bulk-plans", body).json
    stranger = Client(app, transport, new_id(), "direct")

    theirs = stranger.post("/bulk-plans", body).json
    answers = [stranger.get(f"/bulk-plans/{plan['id']}{part}").status_code for part in ("", "/rows", "/csv")]
    applied = stranger.post(f"/bulk-plans/{plan['id']}/apply", {"digest": plan["digest"]})

    assert (theirs["rows"], theirs["invalid"]) == (1, 1)
    assert (answers, applied.status_code) == ([404, 404, 404], 404)


def test_a_plan_above_the_limit_waits_for_one_approval_and_is_cancelled_or_made(
    app: Flask, transport: inline.Transport, sandbox: Sandbox
) -> None:
    reseller, customer, account = an_end_customer(app, transport)
    ordered(customer, account)
    (one,) = held(customer)
    limit: dict[str, Any] = {"role": "client", "limit": {"amount": "1.00", "currency": "EUR"}}
    customer.post("/approval-limits", limit)
    body = {"rows": [{"subscription": one["id"], "action": "change_quantity", "value": "7"}]}
    plan = customer.post("/bulk-plans", body).json

    accepted = customer.post(f"/bulk-plans/{plan['id']}/apply", {"digest": plan["digest"]})
    transport.run_until_quiet()
    waits = customer.get(f"/bulk-plans/{plan['id']}").json
    request = customer.get(f"/approvals/{waits['approval_id']}").json
    own = customer.post(f"/approvals/{request['id']}/approve", {})
    customer.post("/approval-limits", limit | {"limit": None})
    yes = reseller.post(f"/approvals/{request['id']}/approve", {})
    signals.signal_waiting(UUID(plan["customer_id"]))
    for _ in range(4):
        transport.run_until_quiet()
        bulk_rows.work_off("now")

    assert (accepted.status_code, accepted.json["waiting_for"]) == (202, "approval")
    assert (waits["state"], request["subject_kind"], request["subject_id"]) == ("waiting", "bulk_plan", plan["id"])
    assert (own.json["code"], yes.json["state"]) == ("own_request", "approved")
    assert customer.get(f"/bulk-plans/{plan['id']}").json["state"] == "done"
    assert held(customer)[0]["quantity"] == 7


def test_a_plan_that_waits_can_be_cancelled(app: Flask, transport: inline.Transport, sandbox: Sandbox) -> None:
    _reseller, customer, account = an_end_customer(app, transport)
    ordered(customer, account)
    customer.post("/approval-limits", {"role": "client", "limit": {"amount": "1.00", "currency": "EUR"}})
    body = {"rows": [{"subscription": held(customer)[0]["id"], "action": "change_quantity", "value": "7"}]}
    plan = customer.post("/bulk-plans", body).json
    accepted = customer.post(f"/bulk-plans/{plan['id']}/apply", {"digest": plan["digest"]})
    transport.run_until_quiet()

    off = customer.post(f"/bulk-plans/{plan['id']}/cancel", {})
    transport.run_until_quiet()

    ended = customer.get(accepted.headers["Operation-Location"].removeprefix(HOST)).json
    assert (off.json["state"], ended["status"], ended["error"]["code"]) == ("canceled", "failed", "plan_canceled")
    assert customer.get("/approvals?state=withdrawn").json["items"]
