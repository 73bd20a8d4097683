"""A subscription ends: now and with money back, or at the end of its term, and at no other time by accident."""

from __future__ import annotations

from typing import Any

import pytest

from domains.kernel.money import Money
from saga.flows.cancel_subscription import cancel_subscription

from .crashes import dies, dies_around, places_in
from .seen import end_of_change, first_charge, run_of, sent, subscription_of, tries, words_of
from .shop import Shop

pytestmark = pytest.mark.slow  # `make check` plays orders, onboarding and accounts


def a_cancellation(shop: Shop, mode: str = "now") -> Any:
    """A wish to cancel a subscription of 20 seats."""
    return shop.a_change(cancel_subscription, shop.bought(), "cancel", mode=mode)


def canceled(change: Any) -> dict[str, Any]:
    """How a cancellation at once ends when it goes well."""
    return {
        "run": "completed", "steps": ["done"] * 5, "changes": [("cancel", "done")],
        "subscription": ("canceled", 20, None), "auto_renew": False, "valid_to": change.valid_to, "lots": 20,
        "held": None, "letters": [("owner@northwind.example", "subscription_canceled")],
        "charges": [first_charge(change.subscription_id), ("cancel", 20, change.charge_now)],
        "known to support": ("subscription", "canceled"), "changes at the provider": ["succeeded"],
        "at the provider": ("canceled", 20),
    }  # fmt: skip


def kept(change: Any) -> dict[str, Any]:
    """How it ends when the provider says no."""
    return canceled(change) | {
        "run": "compensated", "steps": ["undone", "refused", *["not_reached"] * 3], "changes": [("cancel", "refused")],
        "subscription": ("active", 20, None), "auto_renew": True, "letters": [],
        "charges": [first_charge(change.subscription_id)], "known to support": ("subscription", "active"),
        "changes at the provider": [], "at the provider": ("active", 20),
    }  # fmt: skip


def test_a_subscription_is_cancelled_with_money_back(shop: Shop) -> None:
    change = a_cancellation(shop)

    run = shop.run(cancel_subscription, change)

    assert end_of_change(run.id, change, shop.sandbox) == canceled(change)
    assert change.charge_now < Money.zero("EUR")


def test_a_subscription_may_run_to_its_last_day_and_ends_there(shop: Shop) -> None:
    change = a_cancellation(shop, "end_of_term")

    run = shop.run(cancel_subscription, change)

    end = end_of_change(run.id, change, shop.sandbox)
    assert (end["run"], end["subscription"], end["auto_renew"]) == ("completed", ("active", 20, None), False)
    assert (end["valid_to"], end["charges"]) == (change.valid_to, [first_charge(change.subscription_id)])
    assert end["at the provider"] == ("active", 20)


def test_a_cancellation_shows_while_it_is_under_way(shop: Shop) -> None:
    change = a_cancellation(shop)
    shop.sandbox.control("PUT", "settings", change_seconds=600)

    run = shop.run(cancel_subscription, change)
    shown, waiting = subscription_of(change.subscription_id), run_of(run.id)
    shop.sandbox.control("POST", "clock/advance", seconds=600)
    shop.carry_on()

    assert (shown.state, shown.open_change_id, waiting.waiting_for) == (
        "pending_cancellation", change.change_id, "provider",
    )  # fmt: skip
    assert words_of(run.id) == ["done"] * 5
    assert end_of_change(run.id, change, shop.sandbox) == canceled(change)


def test_a_clear_no_leaves_the_subscription_running_and_says_why(shop: Shop) -> None:
    change = a_cancellation(shop)
    shop.sandbox.fault("change", "reject", code="not_allowed_now")

    run = shop.run(cancel_subscription, change)

    assert end_of_change(run.id, change, shop.sandbox) == kept(change)
    assert sent(run.id, "C") == ["services.abandon_change"]
    said = run_of(run.id).error
    assert said and said["code"] == "not_allowed_now" and said["detail"]


@pytest.mark.parametrize("silence", ["timeout_after_applying", "error_after_applying"])
def test_a_cancellation_without_an_answer_is_looked_up(shop: Shop, silence: str) -> None:
    change = a_cancellation(shop)
    shop.sandbox.fault("change", silence, count=1, seconds=0)

    run = shop.run(cancel_subscription, change)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == canceled(change)
    assert tries(change.provider_operation_id) == 2


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    change = a_cancellation(shop)

    run = shop.start(cancel_subscription, change)
    shop.work_off_doubled()

    assert end_of_change(run.id, change, shop.sandbox) == canceled(change)


def test_a_cancellation_survives_crashes_around_every_step(shop: Shop) -> None:
    change = a_cancellation(shop)
    run = shop.start(cancel_subscription, change)

    for step in cancel_subscription.steps:
        dies_around(shop, step.action)

    assert end_of_change(run.id, change, shop.sandbox) == canceled(change)


@pytest.mark.parametrize("place", places_in(cancel_subscription.steps[0].compensation))
def test_a_cancellation_that_is_taken_back_survives_a_crash(shop: Shop, place: str) -> None:
    change = a_cancellation(shop)
    shop.sandbox.fault("change", "reject")
    run = shop.start(cancel_subscription, change)

    assert dies(shop.transport, place)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == kept(change)
