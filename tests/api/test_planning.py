"""A pause, another plan and another next term through the API: previewed, and started once in the version seen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.database import new_id
from domains.services import db
from domains.services.models import AccountRef, Subscription
from saga.transports.inline import Transport
from tests.conftest import Clock
from tests.factories.plans import PLUS, a_flexible, made, offer_id
from tests.factories.services import a_line, a_subscription, an_account, change_of

from .program import Program, a_caller

WISHES: dict[str, tuple[str, str, Any]] = {
    "suspend": ("POST", "suspend", {}), "change_plan": ("POST", "change-plan", {"term": "P3Y"}),
    "schedule_change": ("PUT", "scheduled-change", {"quantity": 12}),
}  # fmt: skip


@pytest.fixture
def subscription(databases: object, clock: Clock) -> Subscription:
    """Twenty seats that may do everything, bought on 10 March 2026 for a year."""
    with db.begin() as session:
        return a_flexible(session)


@pytest.fixture
def program(app: Flask, subscription: Subscription) -> Program:
    return Program(app, a_caller(subscription.customer_id))


def planned(subscription: Subscription, **wish: Any) -> None:
    """Something is planned for its next term."""
    with db.begin() as session:
        held = session.get_one(Subscription, subscription.id)
        made(session, held, change_of(session, held, "schedule_change", **wish))


def test_the_plans_that_it_can_change_to_have_sales_prices_and_no_others(
    program: Program, subscription: Subscription
) -> None:
    answer = program.get(f"/subscriptions/{subscription.id}/plans")

    plans = [
        (one["name"], one["term"], one["billing_cycle"], one["unit_price"]["amount"]) for one in answer.json["items"]
    ]
    assert plans[0] == ("Analytics Pro Plus", "P1Y", "monthly", "50.40")
    assert [one["step"] for one in answer.json["items"]] == ["edition", "term", "term"]
    assert "purchase" not in answer.text and "40.32" not in answer.text


@pytest.mark.parametrize("action", WISHES)
def test_a_preview_is_a_promise_that_the_change_is_made_by(
    program: Program, subscription: Subscription, transport: Transport, action: str
) -> None:
    at, (method, path, wish) = f"/subscriptions/{subscription.id}", WISHES[action]
    etag = program.get(at).headers["ETag"]

    preview = program.post(f"{at}/preview", {"action": action, **wish}).json
    body, key = wish | {"preview_id": preview["id"]}, str(new_id())
    headers = {"Idempotency-Key": key, "If-Match": etag}
    first = program.ask(method, f"{at}/{path}", body, headers)
    again = program.ask(method, f"{at}/{path}", body, headers)
    transport.perform_next()
    busy = program.ask(method, f"{at}/{path}", wish, {"Idempotency-Key": str(new_id()), "If-Match": "*"})

    assert preview["allowed"] and preview["expires_at"]
    assert (first.status_code, again.json["id"], first.json["resource_id"]) == (
        202,
        first.json["id"],
        str(subscription.id),
    )
    assert (busy.status_code, busy.json["code"]) == (409, "change_in_progress")


def test_a_preview_of_another_plan_says_what_it_costs_and_until_when(
    program: Program, subscription: Subscription
) -> None:
    wish = {"action": "change_plan", "term": "P3Y", "billing_cycle": "annual", "quantity": 25}

    said = program.post(f"/subscriptions/{subscription.id}/preview", wish).json

    assert (said["charge_now"]["amount"], said["valid_to"]) == ("7632.65", "2029-03-09")  # 25 × 323.19 less 22 days
    assert (said["undo_until"], said["every_month"]["amount"]) == ("2026-03-17T09:00:00+00:00", "-630.00")


def test_what_is_planned_is_read_and_every_preview_says_that_it_goes(
    program: Program, subscription: Subscription
) -> None:
    at = f"/subscriptions/{subscription.id}"
    before = program.get(f"{at}/scheduled-change")
    with db.begin_read() as session:
        plus = str(offer_id(session, PLUS))
    planned(subscription, quantity=12, offer_id=UUID(plus))

    after = program.get(f"{at}/scheduled-change")
    cancel = program.post(f"{at}/preview", {"action": "cancel", "mode": "now"}).json
    suspend = program.post(f"{at}/preview", {"action": "suspend"}).json
    again = program.post(f"{at}/preview", {"action": "schedule_change", "quantity": 3}).json

    assert before.json["scheduled"] is None and before.json["begins_on"] == "2027-03-10"
    assert len(before.json["plans"]) == 9 and before.json["allowed"]["enabled"]
    scheduled = after.json["scheduled"]
    assert (scheduled["quantity"], scheduled["offer_id"], scheduled["term"]) == (12, plus, None)
    assert before.headers["ETag"] != after.headers["ETag"]
    assert program.get(at).json["next_term"] == scheduled == program.get("/subscriptions").json["items"][0]["next_term"]
    assert cancel["deletes_scheduled"] == suspend["deletes_scheduled"] == [
        "Analytics Pro Plus, 12 units from 2027-03-10"
    ]  # fmt: skip
    assert again["deletes_scheduled"] == [] and again["effective_from"] == "2027-03-10"
    assert again["next_cycle_price"] == {"amount": "94.50", "currency": "EUR"}


def test_what_is_planned_is_taken_back_in_the_version_that_was_seen(
    program: Program, subscription: Subscription
) -> None:
    at = f"/subscriptions/{subscription.id}/scheduled-change"
    nothing = program.ask("DELETE", at, None, {"Idempotency-Key": str(new_id()), "If-Match": "*"})
    planned(subscription, quantity=12)
    key = {"Idempotency-Key": str(new_id())}

    blind = program.ask("DELETE", at, None, key)
    stale = program.ask("DELETE", at, None, key | {"If-Match": f'"{subscription.id}-1"'})
    right = program.ask("DELETE", at, None, key | {"If-Match": program.get(at).headers["ETag"]})

    assert (nothing.status_code, nothing.json["code"]) == (422, "nothing_scheduled")
    assert (blind.status_code, stale.status_code, right.status_code) == (428, 412, 202)
    assert right.json["kind"] == "schedule_change"


@pytest.mark.parametrize(
    ("method", "path", "wish", "code"),
    [
        ("POST", "change-plan", {}, "plan_missing"), ("POST", "change-plan", {"term": "P9Y"}, "plan_not_offered"),
        ("POST", "change-plan", {"term": "P3Y", "quantity": 0}, "validation_failed"),
        ("POST", "change-plan", {"offer_id": "x"}, "validation_failed"), ("POST", "resume", {}, "not_suspended"),
        ("PUT", "scheduled-change", {}, "nothing_planned"),
        ("PUT", "scheduled-change", {"quantity": 1_000_000}, "quantity_out_of_range"),
        ("POST", "suspend", {"reason": "x"}, "validation_failed"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_code_and_begins_nothing(
    program: Program, subscription: Subscription, method: str, path: str, wish: dict[str, Any], code: str
) -> None:
    headers = {"Idempotency-Key": str(new_id()), "If-Match": "*"}

    answer = program.ask(method, f"/subscriptions/{subscription.id}/{path}", wish, headers)

    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert program.get("/operations").json["items"] == []


def test_the_ends_of_other_subscriptions_are_offered_where_the_provider_allows_them(
    program: Program, subscription: Subscription, clock: Clock
) -> None:
    at, account = f"/subscriptions/{subscription.id}", subscription.account_id
    with db.begin() as session:
        held = session.get_one(AccountRef, account)
        clock.advance(days=20)
        later = a_subscription(session, held, a_line(session, 5, term="P1Y", billing_cycle="monthly"))
        a_subscription(session, held, a_line(session, 5, term="P1M", billing_cycle="monthly"))
        a_subscription(session, an_account(session), a_line(session, 5, term="P3Y", billing_cycle="annual"))

    found = program.get(f"{at}/co-terms").json["items"]
    extended = program.post(f"{at}/preview", {"action": "extend", "valid_to": found[0]["valid_to"]}).json

    assert found == [{"valid_to": "2027-03-29", "subscriptions": [{"id": str(later.id), "name": "Analytics Pro"}]}]
    assert extended["allowed"]


def test_to_a_stranger_none_of_it_is_there(app: Flask, subscription: Subscription) -> None:
    stranger, at = Program(app, a_caller(new_id())), f"/subscriptions/{subscription.id}"
    headers = {"Idempotency-Key": str(new_id()), "If-Match": "*"}

    read = [stranger.get(f"{at}/{path}").status_code for path in ("plans", "scheduled-change", "add-ons", "co-terms")]
    written = [
        stranger.ask(method, f"{at}/{path}", wish, headers).status_code for method, path, wish in WISHES.values()
    ]

    assert read == [404] * 4 and written == [404] * 3


@pytest.mark.parametrize(("action", "wish"), [("change_plan", {"term": "P3Y"}), ("schedule_change", {"quantity": 90})])
def test_what_costs_more_than_the_limit_says_so_before_and_waits(
    program: Program, subscription: Subscription, transport: Transport, action: str, wish: dict[str, Any]
) -> None:
    at = f"/subscriptions/{subscription.id}"
    asked = {"action": action, **wish}
    before = program.post(f"{at}/preview", asked).json
    program.post("/approval-limits", {"role": "client", "limit": {"amount": "1.00", "currency": "EUR"}})
    promise = program.post(f"{at}/preview", asked).json
    verb, path, _ = WISHES[action]
    headers = {"Idempotency-Key": str(new_id()), "If-Match": "*"}
    accepted = program.ask(verb, f"{at}/{path}", wish | {"preview_id": promise["id"]}, headers)
    transport.run_until_quiet()

    assert (before["approval_needed"], before["approval_reasons"]) == (False, [])
    assert (promise["approval_needed"], promise["approval_reasons"]) == (True, ["limit"])
    assert (accepted.status_code, accepted.json["waiting_for"]) == (202, "approval")
    request = program.get("/approvals?state=open").json["items"][0]
    assert (request["subject_kind"], request["reasons"]) == ("change", ["limit"])
    assert request["terms"]["kind"] == action
    assert program.get(at).json["quantity"] == 20
