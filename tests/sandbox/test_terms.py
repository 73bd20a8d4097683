"""The end of a term at the sandbox: decided before the lock, then renewed, ended, or bridged at a surcharge."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import catalogue, subscriptions
from sandbox.server import create_app

from .test_sandbox import CLIENT, PRO, Provider


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    made = Provider(create_app(str(tmp_path / "s.sqlite3"), client=CLIENT, demo=True).test_client())
    made.control("PUT", "/clock", now="2026-08-10T09:00:00Z")
    return made


def held(provider: Provider, subscription: str) -> Any:
    return provider.get(f"/subscriptions/{subscription}").json


def rules(provider: Provider, subscription: str) -> Any:
    return provider.get(f"/subscriptions/{subscription}/change-policy").json["end_of_term"]


def decide(provider: Provider, subscription: str, mode: str, request_id: str = "d1") -> Any:
    return provider.change(subscription, request_id, kind="end_of_term", mode=mode)


def test_the_policy_says_what_may_be_decided_until_when(provider: Provider) -> None:
    found = rules(provider, provider.subscription())

    assert found == {
        "modes": ["renew", "cancel", "bridge"], "default": "renew", "set_to": "renew", "surcharge_percent": "3",
        "locked_from": "2027-08-09T00:00:00.000Z",
    }  # fmt: skip


@pytest.mark.parametrize(("mode", "after"), [("renew", "active"), ("cancel", "expired"), ("bridge", "active")])
def test_a_term_ends_as_it_was_decided(provider: Provider, mode: str, after: str) -> None:
    subscription = provider.subscription()
    assert decide(provider, subscription, mode).status_code == 202
    assert rules(provider, subscription)["set_to"] == mode

    provider.control("POST", "/clock/advance", to="2027-08-10T00:00:01Z")

    assert held(provider, subscription)["status"] == after


def test_a_bridge_is_billed_by_the_month_with_the_surcharge_once_and_ends_on_any_day(provider: Provider) -> None:
    subscription = provider.subscription()
    before = held(provider, subscription)
    decide(provider, subscription, "bridge")

    provider.control("POST", "/clock/advance", to="2027-10-15T09:00:00Z")
    now = held(provider, subscription)
    provider.change(subscription, "c1", kind="cancel", mode="now")

    assert (before["unit_purchase_price"], now["unit_purchase_price"]) == ("25.20", "25.96")
    assert (now["term"], now["billing_cycle"], now["valid_to"]) == ("P1M", "monthly", "2027-11-09")
    assert held(provider, subscription)["status"] == "canceled"


def test_within_the_last_day_nothing_is_heard(provider: Provider) -> None:
    subscription = provider.subscription()
    provider.control("POST", "/clock/advance", to="2027-08-08T23:59:00Z")
    in_time = decide(provider, subscription, "cancel", "in-time")
    provider.control("POST", "/clock/advance", to="2027-08-09T00:00:00Z")
    late = decide(provider, subscription, "renew", "late")
    by_cancelling = provider.change(subscription, "c1", kind="cancel", mode="end_of_term")

    assert in_time.status_code == 202
    assert (late.status_code, late.json["code"]) == (422, "locked_before_renewal")
    assert by_cancelling.json["code"] == "locked_before_renewal"
    assert late.json["data"]["available_from"] == "2027-08-10T00:00:00.000Z"


def test_a_way_that_is_not_offered_is_refused(provider: Provider) -> None:
    assert decide(provider, provider.subscription(), "sleep").json["code"] == "mode_not_offered"


def test_a_term_that_began_on_a_leap_day_is_bridged_from_month_end_to_month_end(tmp_path: Path) -> None:
    provider = Provider(create_app(str(tmp_path / "s.sqlite3"), client=CLIENT, demo=True).test_client())
    provider.control("PUT", "/clock", now="2024-02-29T09:00:00Z")
    subscription = provider.subscription()
    decide(provider, subscription, "bridge")

    ends = []
    for _month in range(3):
        last = date.fromisoformat(held(provider, subscription)["valid_to"])
        ends.append(str(last))
        provider.control("POST", "/clock/advance", to=f"{last + timedelta(days=1)}T12:00:00Z")

    assert ends == ["2025-02-27", "2025-03-27", "2025-04-27"]


def test_another_plan_with_a_term_of_its_own_ends_extended_service(provider: Provider) -> None:
    subscription = provider.subscription()
    decide(provider, subscription, "bridge")
    provider.control("POST", "/clock/advance", to="2027-08-15T09:00:00Z")
    plan = {
        "offer_id": PRO,
        "term": "P3Y",
        "billing_cycle": "monthly",
        "quantity": held(provider, subscription)["quantity"],
    }
    changed = provider.change(subscription, "c1", kind="change_plan", **plan)
    provider.control("POST", "/clock/advance", to="2027-08-16T09:00:00Z")

    found = rules(provider, subscription)
    assert (changed.status_code, held(provider, subscription)["term"]) == (202, "P3Y")
    assert (found["modes"], found["set_to"]) == (["renew", "cancel", "bridge"], "renew")


def test_how_something_can_run_longer_is_a_matter_of_each_offer() -> None:
    by_offer = {one["id"]: one["policy"]["extend"] for one in catalogue.offers() if one["kind"] == "seat"}

    assert set(by_offer.values()) == {"free_date", "month_end", "next_term"}
    assert by_offer["wide-ledger"] == "next_term"


def test_what_runs_longer_only_when_its_term_is_over_lists_no_days(provider: Provider) -> None:
    offer = next(
        one for one in catalogue.offers() if one["policy"]["extend"] == "next_term" and one["min_quantity"] == 1
    )
    subscription = {"valid_to": "2027-08-09", "start_date": "2026-08-10"}

    assert subscriptions.end_dates(offer, subscription) == []
    assert subscriptions.end_dates({"policy": offer["policy"] | {"extend": "free_date"}}, subscription) != []
