"""Support cases through the API: opened about something, answered and solved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Scope
from domains.support import commands, db
from saga.transports.inline import Transport

from .program import Program, a_caller
from .test_accounts import a_customer

AGENT = Actor("user", "agent", "Ada Agent")


@pytest.fixture
def customer_id(databases: object) -> UUID:
    return new_id()


@pytest.fixture
def program(app: Flask, customer_id: UUID) -> Program:
    return Program(app, a_caller(customer_id))


def an_order_of(customer_id: UUID, **but: Any) -> UUID:
    """An order as support knows it."""
    facts: dict[str, Any] = {
        "kind": "order", "id": new_id(), "customer_id": customer_id, "reseller_id": None, "label": "ORD-2026-000001",
        "state": "completed", "version": 1,
    } | but  # fmt: skip
    with db.begin() as session:
        commands.know_reference(session, **facts)
    found: UUID = facts["id"]
    return found


def a_case(program: Program, **but: Any) -> dict[str, Any]:
    """A case that the program has opened."""
    wish = {"subject": "Seats are missing", "description": "We ordered ten.\nWe see none.", "impact": "high"} | but
    answer = program.post("/cases", wish)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_a_case_carries_what_it_is_about(program: Program, customer_id: UUID, transport: Transport) -> None:
    a_customer(customer_id=customer_id)
    operation = program.post("/accounts", {"name": "Branch"}).json
    links = [
        {"kind": "order", "id": str(an_order_of(customer_id))}, {"kind": "operation", "id": operation["id"]},
    ]  # fmt: skip

    case = a_case(program, links=links)

    assert case["number"].startswith("CS-")
    assert (case["status"], case["impact"], case["opened_by"]) == ("new", "high", "ERP")
    assert sorted((link["kind"], link["label"]) for link in case["links"]) == [
        ("operation", "Branch"), ("order", "ORD-2026-000001"),
    ]  # fmt: skip
    assert program.get(f"/cases/{case['id']}").json == case
    assert program.get("/cases?status=unsolved&q=seats").json["items"][0]["id"] == case["id"]


def test_a_repeated_request_opens_one_case(program: Program) -> None:
    wish, key = {"subject": "Help", "description": "Please"}, str(new_id())

    first = program.post("/cases", wish, Idempotency_Key=key)
    again = program.post("/cases", wish, Idempotency_Key=key)
    other = program.post("/cases", wish | {"subject": "More"}, Idempotency_Key=key)
    missing = program.post("/cases", wish, Idempotency_Key=None)

    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json, again.headers["ETag"]) == (first.json, first.headers["ETag"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, missing.status_code) == (422, 400)
    assert len(program.get("/cases").json["items"]) == 1


def test_a_reseller_opens_a_case_for_the_customer_whose_thing_it_is_about(app: Flask, customer_id: UUID) -> None:
    reseller_id = new_id()
    order_id = an_order_of(customer_id, reseller_id=reseller_id)
    reseller = Program(app, a_caller(reseller_id, "reseller"))

    case = a_case(reseller, links=[{"kind": "order", "id": str(order_id)}])
    own = a_case(reseller)

    assert (case["customer_id"], own["customer_id"]) == (str(customer_id), str(reseller_id))
    assert Program(app, a_caller(customer_id)).get(f"/cases/{case['id']}").status_code == 200
    mixed = [{"kind": "order", "id": str(order_id)}, {"kind": "order", "id": str(an_order_of(reseller_id))}]
    answer = reseller.post("/cases", {"subject": "Both", "description": "…", "links": mixed})
    assert (answer.status_code, answer.json["code"]) == (422, "link_of_another_customer")


def test_a_conversation_shows_what_agents_say_but_not_what_they_note(program: Program, customer_id: UUID) -> None:
    case = a_case(program)
    ids, scope = {"case_id": UUID(case["id"])}, Scope.operator()
    with db.begin() as session:
        known = {"scope": scope, **ids, "author": AGENT, "as_agent": True}
        commands.add_reply(session, reply_id=new_id(), body="Between us", internal=True, **known)
        commands.add_reply(session, reply_id=new_id(), body="Look again, please.", **known)
    waiting = program.get(f"/cases/{case['id']}").json["status"]

    reply = program.post(f"/cases/{case['id']}/replies", {"body": "They are there.\nThank you."})

    assert (reply.status_code, reply.json["author_kind"]) == (201, "customer")
    assert waiting == "waiting_customer"
    said = program.get(f"/cases/{case['id']}/replies").json["items"]
    assert [one["body"] for one in said] == ["They are there.\nThank you.", "Look again, please."]
    assert program.get(f"/cases/{case['id']}").json["status"] == "open"


def test_a_case_is_solved_in_the_version_that_was_seen(program: Program) -> None:
    case = a_case(program)
    path, seen = f"/cases/{case['id']}", f'"{case["id"]}-{case["version"]}"'

    solved = program.patch(path, {"status": "resolved"}, If_Match=seen)
    stale = program.patch(path, {"status": "open"}, If_Match=seen)
    wrong = program.patch(path, {"status": "closed"}, If_Match=solved.headers["ETag"])

    assert (solved.status_code, solved.json["status"]) == (200, "resolved")
    assert (stale.status_code, wrong.status_code) == (412, 422)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subject": " "}, "subject_invalid"),
        ({"description": ""}, "validation_failed"),
        ({"impact": "huge"}, "validation_failed"),
        ({"links": [{"kind": "invoice", "id": str(new_id())}]}, "validation_failed"),
        ({"links": [{"kind": "order"}]}, "validation_failed"),
        ({"customer_id": str(new_id())}, "validation_failed"),
    ],
)
def test_a_case_that_cannot_be_right_is_not_opened(program: Program, change: dict[str, Any], code: str) -> None:
    answer = program.post("/cases", {"subject": "Help", "description": "Please"} | change)

    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert program.get("/cases").json["items"] == []


def test_nothing_of_others_can_be_linked_seen_or_changed(
    app: Flask, program: Program, customer_id: UUID, transport: Transport
) -> None:
    a_customer(customer_id=customer_id)
    operation = program.post("/accounts", {"name": "Branch"}).json
    case, stranger = a_case(program), Program(app, a_caller())
    path, wish = f"/cases/{case['id']}", {"subject": "Help", "description": "Please"}

    for kind, thing in [("order", an_order_of(customer_id)), ("operation", operation["id"]), ("account", new_id())]:
        assert stranger.post("/cases", wish | {"links": [{"kind": kind, "id": str(thing)}]}).status_code == 404
    assert (
        stranger.post("/cases", wish | {"account_id": str(an_order_of(customer_id, kind="account"))}).status_code == 404
    )
    assert stranger.get(path).status_code == 404
    assert stranger.get(f"{path}/replies").status_code == 404
    assert stranger.post(f"{path}/replies", {"body": "Hello"}).status_code == 404
    assert stranger.patch(path, {"status": "resolved"}, If_Match=f'"{case["id"]}-1"').status_code == 404
    assert stranger.get("/cases").json["items"] == []
    assert program.get(f"{path}/replies").json["items"] == []
    assert program.get(path).json == case
