"""Support cases through the API: opened about something, answered and solved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Scope
from domains.kernel.uploads import LARGEST
from domains.support import commands, db
from domains.support.exchanges import search_waiting
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


def a_file(content: bytes, name: str = "error.pdf") -> dict[str, Any]:
    """A form with a file, as bytes: of large forms the test client would leave temporary files behind."""
    head = f'--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return {"data": head + content + b"\r\n--part--\r\n", "content_type": "multipart/form-data; boundary=part"}


@pytest.mark.asvs("5.4.2", "5.4.3")
def test_a_file_is_put_to_a_case_and_downloaded_once_it_was_searched(program: Program) -> None:
    at = f"/cases/{a_case(program)['id']}/attachments"

    made = program.ask("POST", at, **a_file(b"%PDF-1.7 it broke", "../Fehler ü.pdf"))
    early = program.get(f"{at}/{made.json['id']}")
    search_waiting()
    answer = program.get(f"{at}/{made.json['id']}")

    assert (made.status_code, made.json["name"], made.json["state"]) == (201, "Fehler ü.pdf", "quarantined")
    assert (early.status_code, early.json["code"]) == (404, "attachment_not_ready")
    assert (answer.status_code, answer.data) == (200, b"%PDF-1.7 it broke")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Fehler _.pdf"')
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert [one["state"] for one in program.get(at).json["items"]] == ["clean"]


@pytest.mark.asvs("5.2.1", "5.2.2")
@pytest.mark.parametrize(("content", "name", "status", "code"), [
    (b"%PDF-" + b"x" * LARGEST, "a.pdf", 413, "attachment_too_large"),
    (b"%PDF-" + b"x" * (LARGEST + 100_000), "a.pdf", 413, "content_too_large"),
    (b"%PDF-1.7", "a.png", 415, "attachment_content_unfit"), (b"MZ", "a.exe", 415, "attachment_kind_not_taken"),
    (b"", "a.txt", 422, "attachment_empty"),
])  # fmt: skip
def test_a_file_that_is_not_taken_is_told_why(
    program: Program, content: bytes, name: str, status: int, code: str
) -> None:
    answer = program.ask("POST", f"/cases/{a_case(program)['id']}/attachments", **a_file(content, name))

    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_other_addresses_take_no_more_than_before(program: Program) -> None:
    at = f"/cases/{a_case(program)['id']}"

    assert program.ask("POST", f"{at}/replies", **a_file(b"%PDF-" + b"x" * 1_100_000)).status_code in (413, 415)
    assert program.ask("POST", f"{at}/attachments", {"file": "x"}).status_code in (415, 422)


def test_a_file_with_the_key_of_another_is_refused_and_the_same_is_taken_once(program: Program) -> None:
    at, key = f"/cases/{a_case(program)['id']}/attachments", {"Idempotency-Key": "one-file"}

    first, again = (program.ask("POST", at, headers=key, **a_file(b"%PDF-1")) for _ in range(2))
    other = program.ask("POST", at, headers=key, **a_file(b"%PDF-2"))

    assert first.json["id"] == again.json["id"]
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


@pytest.mark.asvs("8.2.2")
def test_another_tenants_file_is_not_there(app: Flask, program: Program) -> None:
    at = f"/cases/{a_case(program)['id']}/attachments"
    made = program.ask("POST", at, **a_file(b"%PDF-1.7 it broke")).json["id"]
    search_waiting()
    stranger = Program(app, a_caller(new_id()))
    own = f"/cases/{a_case(stranger)['id']}/attachments"

    answers = [stranger.get(at), stranger.get(f"{at}/{made}"), stranger.get(f"{own}/{made}"),
               stranger.ask("POST", at, **a_file(b"%PDF-1.7"))]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 4
