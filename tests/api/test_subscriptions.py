"""Subscriptions through the API: read, previewed and changed."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.services import db
from domains.services.models import AccountRef, Subscription
from saga.transports.inline import Transport
from tests.conftest import Clock
from tests.factories.services import a_catalogue, a_line, a_subscription, an_account

from .program import Program, a_caller

WISHES = {
    "change-quantity": {"quantity": 25},
    "cancel": {"mode": "now"},
    "extend": {"valid_to": "2027-06-30"},
}


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


def test_a_subscription_says_what_may_be_done_with_it(program: Program, subscription: Subscription) -> None:
    answer = program.get(f"/subscriptions/{subscription.id}")

    assert answer.json["quantity"] == 20
    assert (answer.json["valid_from"], answer.json["valid_to"]) == ("2026-03-10", "2027-03-09")
    assert answer.json["returnable_quantity"] == 19
    actions = {action["action"]: action for action in answer.json["allowed_actions"]}
    assert actions["cancel"]["enabled"]
    assert actions["cancel"]["available_until"] == "2026-03-17T09:00:00+00:00"
    assert program.get("/subscriptions").json["items"] == [answer.json]


def test_a_closed_window_is_another_answer_although_the_version_is_the_same(
    program: Program, subscription: Subscription, clock: Clock
) -> None:
    path = f"/subscriptions/{subscription.id}"
    before = program.get(path)
    same = program.get(path, If_None_Match=before.headers["ETag"])
    clock.advance(days=8)

    after = program.get(path, If_None_Match=before.headers["ETag"])

    assert same.status_code == 304
    assert (after.status_code, after.json["version"]) == (200, before.json["version"])
    assert not next(one for one in after.json["allowed_actions"] if one["action"] == "cancel")["enabled"]


def test_subscriptions_are_found_by_state_day_and_account(
    program: Program, account: AccountRef, subscription: Subscription
) -> None:
    with db.begin() as session:
        other = an_account(session, customer_id=account.customer_id, name="Branch")
        a_subscription(session, other, a_line(session, 3), state="suspended")

    def found(query: str) -> list[int]:
        return [one["quantity"] for one in program.get(f"/subscriptions?{query}").json["items"]]

    assert found("") == [3, 20]
    assert found("state=suspended") == [3]
    assert found(f"account_id={account.id}") == [20]
    assert found("valid_to_before=2027-03-09") == []
    assert found("valid_to_before=2027-03-10") == [3, 20]
    assert found("q=branch") == [3]


def test_a_preview_of_a_change_is_a_promise(program: Program, subscription: Subscription) -> None:
    path = f"/subscriptions/{subscription.id}/preview"

    more = program.post(path, {"action": "change_quantity", "quantity": 25}).json
    cancel = program.post(path, {"action": "cancel", "mode": "now"}).json
    extend = program.post(path, {"action": "extend", "valid_to": "2027-06-30"}).json

    assert more["allowed"]
    assert more["charge_now"] == {"amount": "111.77", "currency": "EUR"}  # 22 of 31 days × 5 × 31.50
    assert more["effective_from"] == "2026-03-10"
    assert more["expires_at"] == "2026-03-10T09:30:00+00:00"
    assert cancel["refund"] == {"amount": "447.10", "currency": "EUR"}
    assert extend["allowed_end_dates"]


def test_a_change_that_is_not_allowed_says_why_and_when_again(
    program: Program, subscription: Subscription, clock: Clock
) -> None:
    clock.advance(days=8)

    answer = program.post(f"/subscriptions/{subscription.id}/preview", {"action": "cancel", "mode": "now"})

    assert answer.status_code == 200
    assert (answer.json["allowed"], answer.json["reason_code"]) == (False, "cancel_window_closed")
    assert answer.json["available_from"] == "2027-03-10T00:00:00+00:00"
    assert answer.json["id"] is answer.json["charge_now"] is None


@pytest.mark.parametrize("action", WISHES)
def test_a_change_is_accepted_once(
    program: Program, subscription: Subscription, transport: Transport, action: str
) -> None:
    path, key = f"/subscriptions/{subscription.id}/{action}", str(new_id())

    first = program.post(path, WISHES[action], Idempotency_Key=key)
    transport.perform_next()
    again = program.post(path, WISHES[action], Idempotency_Key=key)
    second = program.post(path, WISHES[action])

    assert first.status_code == 202
    assert first.json["resource_id"] == str(subscription.id)
    assert (again.json["id"], again.headers["Idempotent-Replayed"]) == (first.json["id"], "true")
    assert (second.status_code, second.json["code"]) == (409, "change_in_progress")


@pytest.mark.parametrize("action", WISHES)
def test_a_change_may_name_the_version_it_has_seen(
    program: Program, subscription: Subscription, transport: Transport, action: str
) -> None:
    path = f"/subscriptions/{subscription.id}"
    seen = program.get(path).headers["ETag"]

    stale = program.post(f"{path}/{action}", WISHES[action], If_Match=f'"{subscription.id}-1"')
    right = program.post(f"{path}/{action}", WISHES[action], If_Match=f"W/{seen}")

    assert (stale.status_code, stale.json["code"]) == (412, "version_conflict")
    assert right.status_code == 202


@pytest.mark.parametrize(
    ("action", "wish", "code"),
    [
        ("change-quantity", {"quantity": 20}, "quantity_unchanged"),
        ("change-quantity", {"quantity": 301}, "quantity_out_of_range"),
        ("change-quantity", {"quantity": 0}, "validation_failed"),
        ("change-quantity", {}, "validation_failed"),
        ("cancel", {"mode": "later"}, "validation_failed"),
        ("extend", {"valid_to": "2026-01-01"}, "valid_to_not_later"),
        ("extend", {"valid_to": "tomorrow"}, "validation_failed"),
    ],
)
def test_a_change_that_cannot_be_right_starts_nothing(
    program: Program, subscription: Subscription, transport: Transport, action: str, wish: dict[str, Any], code: str
) -> None:
    answer = program.post(f"/subscriptions/{subscription.id}/{action}", wish)

    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert program.get("/operations").json["items"] == []


def test_a_stranger_can_neither_see_nor_change_it(
    app: Flask, program: Program, subscription: Subscription, transport: Transport
) -> None:
    stranger, path = Program(app, a_caller()), f"/subscriptions/{subscription.id}"

    assert stranger.get(path).status_code == 404
    assert stranger.get("/subscriptions").json["items"] == []
    assert stranger.post(f"{path}/preview", {"action": "cancel", "mode": "now"}).status_code == 404
    for action, wish in WISHES.items():
        assert stranger.post(f"{path}/{action}", wish).status_code == 404
    assert program.get("/operations").json["items"] == []
    assert program.get(path).json["version"] == subscription.version
