"""The sandbox provider's pauses, plans and next terms: what it allows and deletes, and that each day is billed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from .test_sandbox import PRO, Provider, days_of
from .test_sandbox import provider as provider

PLUS = f"{PRO}-plus"


def policy(provider: Provider, subscription: str) -> Any:
    return provider.get(f"/subscriptions/{subscription}/change-policy").json


def stands(provider: Provider, subscription: str) -> Any:
    return provider.get(f"/subscriptions/{subscription}").json


def test_what_is_suspended_is_billed_on_can_be_resumed_and_ends_with_its_term(provider: Provider) -> None:
    paused, ends = provider.subscription(), provider.subscription(request_id="r2")
    for one in (paused, ends):
        assert provider.change(one, f"s-{one}", kind="suspend").json["subscription"]["status"] == "suspended"
    more = provider.change(paused, "c1", kind="change_quantity", quantity=11)
    allowed = policy(provider, paused)
    provider.change(paused, "c2", kind="resume")
    provider.control("POST", "/clock/advance", days=400)

    assert (more.status_code, more.json["code"]) == (422, "subscription_suspended")
    assert (allowed["can_suspend"], allowed["can_resume"], allowed["transitions"]) == (False, True, [])
    assert (stands(provider, paused)["status"], stands(provider, ends)["status"]) == ("active", "expired")
    september = provider.get("/billing/lines?period=2026-09").json["items"]
    assert {line["quantity"] for line in september if line["subscription_id"] == ends} == {10}


def test_a_suspended_one_can_be_cancelled_in_its_window(provider: Provider) -> None:
    subscription = provider.subscription()
    provider.change(subscription, "c1", kind="suspend")

    assert provider.change(subscription, "c2", kind="cancel", mode="now").json["subscription"]["status"] == "canceled"


def test_what_is_planned_comes_with_the_renewal(provider: Provider) -> None:
    subscription = provider.subscription(quantity=10)
    wish = {"quantity": 4, "offer_id": PLUS, "term": "P1Y", "billing_cycle": "annual"}
    refused = provider.change(subscription, "c1", kind="schedule_next_term", instructions=wish)
    planned = provider.change(subscription, "c2", kind="schedule_next_term", instructions=wish | {"quantity": 6}).json
    provider.control("POST", "/clock/advance", days=366)
    after = stands(provider, subscription)

    assert refused.json["code"] == "quantity_out_of_range"  # this edition is sold from five
    assert planned["subscription"]["next_term"] == wish | {"quantity": 6}
    assert (planned["subscription"]["quantity"], after["quantity"], after["next_term"]) == (10, 6, None)
    assert (after["offer_id"], after["billing_cycle"], after["valid_to"]) == (PLUS, "annual", "2028-08-09")
    assert [lot["quantity"] for lot in after["lots"]] == [6]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "change_quantity", "quantity": 11}, {"kind": "suspend"}, {"kind": "cancel", "mode": "end_of_term"},
        {"kind": "change_plan", "offer_id": PLUS, "term": "P1Y", "billing_cycle": "monthly", "quantity": 10},
        {"kind": "schedule_next_term", "instructions": None},
    ],
)  # fmt: skip
def test_a_change_in_the_middle_of_the_term_deletes_what_is_planned(provider: Provider, change: dict[str, Any]) -> None:
    subscription = provider.subscription()
    provider.change(subscription, "c1", kind="schedule_next_term", instructions={"quantity": 4})

    after = provider.change(subscription, "c2", **change).json["subscription"]

    assert after["next_term"] is None
    assert change["kind"] in (*policy(provider, subscription)["deletes_scheduled"], "schedule_next_term")


def test_what_does_not_renew_has_no_next_term(provider: Provider) -> None:
    subscription = provider.subscription()
    provider.change(subscription, "c1", kind="cancel", mode="end_of_term")

    refused = provider.change(subscription, "c2", kind="schedule_next_term", instructions={"quantity": 4})

    assert (refused.status_code, refused.json["code"]) == (422, "needs_auto_renew")
    assert not policy(provider, subscription)["can_schedule"]


def test_a_higher_edition_keeps_the_windows_and_a_longer_term_opens_new_ones(provider: Provider) -> None:
    higher, longer = provider.subscription(), provider.subscription(request_id="r2")
    before = stands(provider, higher)
    provider.control("POST", "/clock/advance", days=3)
    asked = {"kind": "change_plan", "quantity": 10}
    up = provider.change(higher, "c1", **asked, offer_id=PLUS, term="P1Y", billing_cycle="monthly").json
    on = provider.change(longer, "c2", **asked, offer_id=PRO, term="P3Y", billing_cycle="monthly").json
    down = provider.change(higher, "c3", **asked, offer_id=PRO, term="P1Y", billing_cycle="monthly")

    assert up["subscription"]["cancelable_until"] == before["cancelable_until"]
    assert up["subscription"]["valid_to"] == before["valid_to"]
    assert (on["subscription"]["start_date"], on["subscription"]["valid_to"]) == ("2026-08-13", "2029-08-12")
    assert on["subscription"]["cancelable_until"] > before["cancelable_until"]
    assert down.json["code"] == "plan_not_allowed"


def test_a_trial_becomes_what_it_tried(provider: Provider) -> None:
    lines = [{"reference": "t", "offer_id": "tailspin-analytics-pro-trial", "term": "P1M", "billing_cycle": "monthly",
              "quantity": 25}]  # fmt: skip
    offers = [one["id"] for one in provider.get("/offers?limit=500").json["items"] if one["kind"] == "trial"]
    lines[0]["offer_id"] = offers[0]
    placed = provider.post("/orders", "t1", reference="t1", customer="acc", currency="EUR", lines=lines).json
    trial = placed["lines"][0]["subscription_id"]
    plan = policy(provider, trial)["transitions"][0]

    paid = provider.change(
        trial, "c1", kind="change_plan", quantity=3, **{k: plan[k] for k in ("offer_id", "term", "billing_cycle")}
    ).json

    assert (plan["kind"], paid["subscription"]["quantity"], paid["refund"]) == ("conversion", 3, None)
    assert paid["subscription"]["auto_renew"] and paid["subscription"]["offer_id"] == plan["offer_id"]
    assert policy(provider, trial)["can_suspend"]


def test_every_day_is_billed_once_over_all_changes_of_plan(provider: Provider) -> None:
    subscription = provider.subscription(quantity=10)
    provider.control("POST", "/clock/advance", days=40)
    asked = {"kind": "change_plan", "quantity": 10}
    provider.change(subscription, "c1", **asked, offer_id=PLUS, term="P1Y", billing_cycle="monthly")
    provider.control("POST", "/clock/advance", days=40)
    provider.change(subscription, "c2", **asked, offer_id=PLUS, term="P3Y", billing_cycle="monthly")
    provider.control("POST", "/clock/advance", days=40)

    months = [f"{2026 + number // 12}-{number % 12 + 1:02}" for number in range(7, 7 + 8)]
    lines = [line for month in months for line in provider.get(f"/billing/lines?period={month}").json["items"]]
    units: Counter[date] = Counter()
    for line in lines:
        for day in days_of(line):
            units[day] += line["quantity"]

    first = date(2026, 8, 10)
    assert units == {first + timedelta(days=n): 10 for n in range((max(units) - first).days + 1)}


def test_a_main_subscription_is_not_cancelled_while_its_add_ons_run(provider: Provider) -> None:
    main = provider.subscription()
    line = {"reference": "a", "offer_id": "tailspin-data-connector", "term": "P1Y", "billing_cycle": "monthly",
            "quantity": 1, "parent_subscription_id": main}  # fmt: skip
    placed = provider.post("/orders", "a1", reference="a1", customer="acc", currency="EUR", lines=[line]).json
    refused = provider.change(main, "c1", kind="cancel", mode="now")
    reason = policy(provider, main)["reasons"]["cancel"]
    provider.change(placed["lines"][0]["subscription_id"], "c2", kind="cancel", mode="now")

    assert (refused.json["code"], reason["code"]) == ("addons_running", "addons_running")
    assert provider.change(main, "c3", kind="cancel", mode="now").status_code == 202
