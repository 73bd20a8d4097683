"""A pause and its end: at the provider once, billed on meanwhile, and what was planned goes, as was said before."""

from __future__ import annotations

from typing import Any

import pytest

from saga.flows.cancel_subscription import cancel_subscription
from saga.flows.resume_subscription import resume_subscription
from saga.flows.schedule_change import schedule_change
from saga.flows.suspend_subscription import suspend_subscription

from .crashes import dies_around
from .seen import changes_of, end_of_change, first_charge, run_of, subscription_of, tries
from .shop import Shop

pytestmark = pytest.mark.slow


def a_pause(shop: Shop) -> Any:
    """A wish to suspend a subscription of 20 seats."""
    return shop.a_change(suspend_subscription, shop.bought(), "suspend")


def suspended(change: Any) -> dict[str, Any]:
    """How a pause begins when it goes well: it costs nothing, and the subscription is billed on."""
    return {
        "run": "completed", "steps": ["done"] * 4, "changes": [("suspend", "done")],
        "subscription": ("suspended", 20, None), "auto_renew": True, "valid_to": change.valid_to, "lots": 20,
        "held": None, "letters": [("owner@northwind.example", "subscription_suspended")],
        "charges": [first_charge(change.subscription_id)], "known to support": ("subscription", "suspended"),
        "changes at the provider": ["succeeded"], "at the provider": ("suspended", 20),
    }  # fmt: skip


def test_a_subscription_is_suspended_and_resumed(shop: Shop) -> None:
    change = a_pause(shop)
    run = shop.run(suspend_subscription, change)
    paused = end_of_change(run.id, change, shop.sandbox)
    back = shop.a_change(resume_subscription, change.subscription_id, "resume")
    again = shop.run(resume_subscription, back)

    assert paused == suspended(change)
    end = end_of_change(again.id, back, shop.sandbox)
    assert (end["run"], end["steps"], end["subscription"]) == ("completed", ["done"] * 4, ("active", 20, None))
    assert end["letters"] == [("owner@northwind.example", "subscription_resumed")]
    assert (end["charges"], end["at the provider"]) == ([first_charge(change.subscription_id)], ("active", 20))


def test_a_suspended_one_is_cancelled_in_its_window_with_money_back(shop: Shop) -> None:
    change = a_pause(shop)
    shop.run(suspend_subscription, change)

    cancel = shop.a_change(cancel_subscription, change.subscription_id, "cancel", mode="now")
    run = shop.run(cancel_subscription, cancel)

    end = end_of_change(run.id, cancel, shop.sandbox)
    assert (end["run"], end["subscription"]) == ("completed", ("canceled", 20, None))
    assert end["charges"][1:] == [("cancel", 20, cancel.charge_now)]


def test_what_was_planned_is_deleted_as_the_preview_has_said(shop: Shop) -> None:
    subscription_id = shop.bought()
    shop.run(schedule_change, shop.a_change(schedule_change, subscription_id, "schedule_change", quantity=12))
    planned = subscription_of(subscription_id).next_term
    change = shop.a_change(suspend_subscription, subscription_id, "suspend")

    shop.run(suspend_subscription, change)

    assert planned is not None and planned.quantity == 12
    assert [one.startswith("12 units from ") for one in change.deletes_scheduled] == [True]
    assert subscription_of(subscription_id).next_term is None


def test_a_clear_no_leaves_it_running(shop: Shop) -> None:
    change = a_pause(shop)
    shop.sandbox.fault("change", "reject", code="not_allowed_now")

    run = shop.run(suspend_subscription, change)

    end = end_of_change(run.id, change, shop.sandbox)
    assert (end["run"], end["subscription"], end["letters"]) == ("compensated", ("active", 20, None), [])
    assert (changes_of(change.subscription_id), run_of(run.id).error["code"]) == (
        [("suspend", "refused")],
        "not_allowed_now",
    )


@pytest.mark.parametrize("silence", ["timeout_after_applying", "error_after_applying"])
def test_a_pause_without_an_answer_is_looked_up(shop: Shop, silence: str) -> None:
    change = a_pause(shop)
    shop.sandbox.fault("change", silence, count=1, seconds=0)

    run = shop.run(suspend_subscription, change)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == suspended(change)
    assert tries(change.provider_operation_id) == 2


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    change = a_pause(shop)

    run = shop.start(suspend_subscription, change)
    shop.work_off_doubled()

    assert end_of_change(run.id, change, shop.sandbox) == suspended(change)


def test_a_pause_survives_crashes_around_every_step(shop: Shop) -> None:
    change = a_pause(shop)
    run = shop.start(suspend_subscription, change)

    for step in suspend_subscription.steps:
        dies_around(shop, step.action)

    assert end_of_change(run.id, change, shop.sandbox) == suspended(change)
