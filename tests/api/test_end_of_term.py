"""The end of a term through the API: what may be decided, what it costs, and what has happened."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from domains.kernel.database import new_id
from domains.services import db
from domains.services.commands.subscriptions import take_over
from domains.services.models import AccountRef, Subscription
from saga import tables
from saga.transports.inline import Transport
from tests.conftest import Clock
from tests.factories.services import a_catalogue, a_subscription, an_account, outcome

from .program import Program, a_caller


@pytest.fixture
def account(databases: object, clock: Clock) -> AccountRef:
    with db.begin() as session:
        a_catalogue(session)
        return an_account(session)


@pytest.fixture
def subscription(account: AccountRef) -> Subscription:
    """Twenty seats, bought on 10 March 2026 for a year."""
    with db.begin() as session:
        return a_subscription(session, account)


@pytest.fixture
def program(app: Flask, account: AccountRef) -> Program:
    return Program(app, a_caller(account.customer_id))


def put(program: Program, held: Subscription, body: Any, tag: str | None, at: str = "") -> TestResponse:
    return program.ask("PUT", f"/subscriptions/{held.id}/end-of-term{at}", body, headers={"If-Match": tag})


def tag_of(program: Program, held: Subscription) -> str:
    return program.get(f"/subscriptions/{held.id}/end-of-term").headers["ETag"]


def test_a_decision_says_what_doing_nothing_costs(program: Program, subscription: Subscription) -> None:
    said = program.get(f"/subscriptions/{subscription.id}/end-of-term").json

    assert (said["state"], said["mode"], said["if_nothing"]) == ("open", None, "renew")
    assert said["nothing_costs"] == {"amount": "7560.00", "currency": "EUR"}
    assert [(way["mode"], way["allowed"]) for way in said["ways"]] == [
        ("renew", True), ("cancel", True), ("bridge", False),
    ]  # fmt: skip
    assert program.get("/decisions?state=open&due_before=2028-01-01T00:00:00Z").json["items"] == [said]
    assert program.get("/decisions?state=decided").json["items"] == []


def test_what_the_provider_does_already_is_decided_at_once(program: Program, subscription: Subscription) -> None:
    tag = tag_of(program, subscription)
    answer = put(program, subscription, {"mode": "renew", "standing": True, "note": "We stay"}, tag)
    again = put(program, subscription, {"mode": "renew"}, tag)

    assert (answer.status_code, answer.json["state"], answer.json["standing"]) == (200, "decided", True)
    assert (answer.json["note"], answer.json["decided_by"]) == ("We stay", "ERP")
    assert answer.headers["ETag"] == tag_of(program, subscription)
    assert (again.status_code, again.json["code"]) == (412, "version_conflict")


def test_what_the_provider_has_to_hear_of_is_an_operation(
    program: Program, subscription: Subscription, transport: Transport
) -> None:
    tag = tag_of(program, subscription)
    first, twin = (put(program, subscription, {"mode": "cancel"}, tag) for _twice in range(2))

    assert (first.status_code, first.json["kind"]) == (202, "set_end_of_term")
    assert twin.json["id"] == first.json["id"]
    assert len(transport.commands) == 1


def test_a_decision_that_came_to_nothing_can_be_asked_for_again(
    program: Program, subscription: Subscription, transport: Transport
) -> None:
    tag = tag_of(program, subscription)
    first = put(program, subscription, {"mode": "cancel"}, tag)
    with tables.db.begin() as session:  # refused by its first step, which has changed nothing
        session.execute(tables.run.update().values(status="compensated", next_at=None))
    again, twin = (put(program, subscription, {"mode": "cancel"}, tag) for _twice in range(2))

    assert (again.status_code, again.json["status"]) == (202, "not_started")
    assert first.json["id"] != again.json["id"] == twin.json["id"]


@pytest.mark.parametrize(
    ("body", "tag", "status", "code"),
    [
        ({"mode": "cancel"}, None, 428, "precondition_required"),
        ({"mode": "cancel"}, '"nonsense"', 412, "version_conflict"),
        ({"mode": "sleep"}, "*", 422, "validation_failed"),
        ({}, "*", 422, "validation_failed"),
        ({"mode": "renew", "note": "x" * 501}, "*", 422, "validation_failed"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    program: Program, subscription: Subscription, body: Any, tag: str | None, status: int, code: str
) -> None:
    answer = put(program, subscription, body, tag)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert program.get(f"/subscriptions/{subscription.id}/end-of-term").json["mode"] is None


def test_a_decision_is_given_away_by_an_operation(
    program: Program, subscription: Subscription, transport: Transport
) -> None:
    tag = tag_of(program, subscription)
    stranger = put(program, subscription, {"user_id": str(new_id())}, tag, "/owner")
    answer = put(program, subscription, {"user_id": None}, tag, "/owner")

    assert (stranger.status_code, stranger.json["code"]) == (404, "user_not_found")
    assert (answer.status_code, answer.json["kind"]) == (202, "give_decision")
    assert len(transport.commands) == 1


def test_another_customers_decision_is_not_there(app: Flask, subscription: Subscription, transport: Transport) -> None:
    stranger = Program(app, a_caller())

    for path in ("end-of-term", "history"):
        assert stranger.get(f"/subscriptions/{subscription.id}/{path}").status_code == 404
    assert put(stranger, subscription, {"mode": "cancel"}, "*").status_code == 404
    assert put(stranger, subscription, {"user_id": None}, "*", "/owner").status_code == 404
    assert stranger.get("/decisions").json["items"] == []
    assert not transport.commands


def test_the_history_names_who_when_and_what_it_cost(program: Program, subscription: Subscription) -> None:
    put(program, subscription, {"mode": "renew"}, tag_of(program, subscription))
    with db.begin() as session:
        held = session.get_one(Subscription, subscription.id)
        take_over(session, held, outcome(session, held, quantity=27), source=None)  # as its adoption does

    found = program.get(f"/subscriptions/{subscription.id}/history").json["items"]
    page = program.get(f"/subscriptions/{subscription.id}/history?limit=1").json

    assert {one["kind"] for one in found} == {"provider", "decision", "order"}
    [order] = [one for one in found if one["kind"] == "order"]
    assert (order["by"], order["amount"]["currency"], order["facts"]["quantity"]) == ("Bea Buyer", "EUR", 20)
    assert (len(page["items"]), page["has_more"]) == (1, True)
    rest = program.get(f"/subscriptions/{subscription.id}/history?cursor={page['next_cursor']}").json
    assert page["items"] + rest["items"] == found


def test_what_has_no_end_has_nothing_to_decide(program: Program, account: AccountRef) -> None:
    assert program.get(f"/subscriptions/{new_id()}/end-of-term").json["code"] == "subscription_not_found"
