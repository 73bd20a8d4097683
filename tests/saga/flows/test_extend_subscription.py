"""A subscription gets a later last day, one that the provider allows, and the further days are paid once."""

from __future__ import annotations

from typing import Any

import pytest

from domains.kernel.money import Money
from saga.flows.extend_subscription import extend_subscription

from .crashes import dies_around
from .seen import end_of_change, first_charge, run_of, sent, subscription_of, tries
from .shop import Shop

pytestmark = pytest.mark.slow  # `make check` plays orders, onboarding and accounts


def an_extension(shop: Shop) -> Any:
    """A wish for the first later last day that the provider offers."""
    subscription_id = shop.bought()
    day = subscription_of(subscription_id).allowed_end_dates[0]
    return shop.a_change(extend_subscription, subscription_id, "extend", valid_to=day)


def extended(change: Any) -> dict[str, Any]:
    """How an extension ends when it goes well. What is charged later than now is not charged here."""
    now = [("extend", 20, change.charge_now)] if change.charge_now != Money.zero("EUR") else []
    return {
        "run": "completed", "steps": ["done"] * 7, "changes": [("extend", "done")],
        "subscription": ("active", 20, None), "auto_renew": True, "valid_to": change.valid_to_wish, "lots": 20,
        "held": ("confirmed", change.reserve) if change.reserve > Money.zero("EUR") else None,
        "letters": [("owner@northwind.example", "subscription_extended")],
        "charges": [first_charge(change.subscription_id), *now],
        "known to support": ("subscription", "active"), "changes at the provider": ["succeeded"],
        "at the provider": ("active", 20),
    }  # fmt: skip


def test_a_subscription_runs_to_the_day_that_was_chosen(shop: Shop) -> None:
    change = an_extension(shop)

    run = shop.run(extend_subscription, change)

    assert end_of_change(run.id, change, shop.sandbox) == extended(change)
    assert change.valid_to_wish > change.valid_to


def test_a_clear_no_leaves_the_last_day_as_it_was_and_says_why(shop: Shop) -> None:
    change = an_extension(shop)
    shop.sandbox.fault("change", "reject", code="end_date_not_allowed")

    run = shop.run(extend_subscription, change)

    end = end_of_change(run.id, change, shop.sandbox)
    assert (end["run"], end["changes"], end["valid_to"]) == ("compensated", [("extend", "refused")], change.valid_to)
    assert (end["subscription"], end["letters"], end["changes at the provider"]) == (("active", 20, None), [], [])
    assert end["charges"] == [first_charge(change.subscription_id)]
    assert end["held"] is None or end["held"][0] == "released"
    assert sent(run.id, "C") == ["accounts.release_reservation", "services.abandon_change"]
    said = run_of(run.id).error
    assert said and said["code"] == "end_date_not_allowed" and said["detail"]


@pytest.mark.parametrize("silence", ["timeout_after_applying", "error_after_applying"])
def test_an_extension_without_an_answer_is_looked_up(shop: Shop, silence: str) -> None:
    change = an_extension(shop)
    shop.sandbox.fault("change", silence, count=1, seconds=0)

    run = shop.run(extend_subscription, change)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == extended(change)
    assert tries(change.provider_operation_id) == 2


def test_an_extension_that_takes_its_time_is_waited_for(shop: Shop) -> None:
    change = an_extension(shop)
    shop.sandbox.control("PUT", "settings", change_seconds=600)

    run = shop.run(extend_subscription, change)
    waiting = run_of(run.id)
    shop.sandbox.control("POST", "clock/advance", seconds=600)
    shop.carry_on()

    assert (waiting.status, waiting.waiting_for) == ("running", "provider")
    assert end_of_change(run.id, change, shop.sandbox) == extended(change)


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    change = an_extension(shop)

    run = shop.start(extend_subscription, change)
    shop.work_off_doubled()

    assert end_of_change(run.id, change, shop.sandbox) == extended(change)


def test_an_extension_survives_crashes_around_every_step(shop: Shop) -> None:
    change = an_extension(shop)
    run = shop.start(extend_subscription, change)

    for step in extend_subscription.steps:
        dies_around(shop, step.action)

    assert end_of_change(run.id, change, shop.sandbox) == extended(change)
