"""More seats or fewer: at the provider once, charged or given back once, and one change at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domains.kernel.errors import Conflict, Invalid
from domains.kernel.money import Money
from domains.kernel.tenancy import SYSTEM, Scope
from saga.flows.cancel_subscription import cancel_subscription
from saga.flows.change_quantity import change_quantity
from saga.interventions import intervene

from .crashes import dies, dies_around, places_in
from .seen import (
    changes_of,
    counts,
    end_of_change,
    first_charge,
    run_of,
    sent,
    steps_of,
    subscription_of,
    tries,
)
from .shop import Shop

pytestmark = pytest.mark.slow  # `make check` plays orders, onboarding and accounts


def more_seats(shop: Shop, quantity: int = 25) -> Any:
    """A wish for another quantity of a subscription of 20 seats."""
    return shop.a_change(change_quantity, shop.bought(), "change_quantity", quantity=quantity)


def changed(change: Any) -> dict[str, Any]:
    """How a change from 20 to 25 seats ends when it goes well."""
    return {
        "run": "completed", "steps": ["done"] * 7, "changes": [("change_quantity", "done")],
        "subscription": ("active", 25, None), "auto_renew": True, "valid_to": change.valid_to, "lots": 25,
        "held": ("confirmed", change.reserve), "letters": [("owner@northwind.example", "quantity_changed")],
        "charges": [first_charge(change.subscription_id), ("change_quantity", 5, change.charge_now)],
        "known to support": ("subscription", "active"), "changes at the provider": ["succeeded"],
        "at the provider": ("active", 25),
    }  # fmt: skip


def unchanged(change: Any) -> dict[str, Any]:
    """How it ends when the provider says no."""
    return changed(change) | {
        "run": "compensated", "steps": ["undone", "undone", "refused", *["not_reached"] * 4],
        "changes": [("change_quantity", "refused")], "subscription": ("active", 20, None), "lots": 20,
        "held": ("released", change.reserve), "letters": [], "charges": [first_charge(change.subscription_id)],
        "changes at the provider": [], "at the provider": ("active", 20),
    }  # fmt: skip


def test_more_seats_are_there_charged_and_told(shop: Shop) -> None:
    change = more_seats(shop)

    run = shop.run(change_quantity, change)

    assert end_of_change(run.id, change, shop.sandbox) == changed(change)
    assert change.charge_now > Money.zero("EUR") and change.reserve > Money.zero("EUR")
    assert [lot.quantity for lot in subscription_of(change.subscription_id).lots] == [5, 20]


def test_fewer_seats_give_money_back_and_hold_nothing(shop: Shop) -> None:
    change = more_seats(shop, quantity=15)

    run = shop.run(change_quantity, change)

    end = end_of_change(run.id, change, shop.sandbox)
    assert (end["run"], end["lots"], end["held"]) == ("completed", 15, None)
    assert (end["subscription"], end["at the provider"]) == (("active", 15, None), ("active", 15))
    assert end["charges"][1:] == [("change_quantity", -5, change.charge_now)]
    assert change.charge_now < Money.zero("EUR")


def test_a_clear_no_lets_the_subscription_go_as_it_was_and_says_why(shop: Shop) -> None:
    change = more_seats(shop)
    shop.sandbox.fault("change", "reject", code="capacity_exceeded")

    run = shop.run(change_quantity, change)

    assert end_of_change(run.id, change, shop.sandbox) == unchanged(change)
    assert sent(run.id, "C") == ["accounts.release_reservation", "services.abandon_change"]
    said = run_of(run.id).error
    assert said and (said["code"], said["step"]) == ("capacity_exceeded", "services.send_change") and said["detail"]


def test_a_subscription_that_was_changed_over_there_is_not_overwritten_but_left_to_a_person(shop: Shop) -> None:
    change = more_seats(shop)
    over_there = subscription_of(change.subscription_id).provider_subscription_id
    shop.sandbox.control("POST", "direct", kind="change_quantity", subscription_id=over_there, quantity=22)

    run = shop.run(change_quantity, change)

    end = end_of_change(run.id, change, shop.sandbox)
    assert (end["run"], end["held"]) == ("compensated", ("released", change.reserve))
    assert (end["subscription"], end["at the provider"]) == (("active", 20, None), ("active", 22))
    said = run_of(run.id).error
    assert said and said["code"] == "changed_at_provider"


@pytest.mark.parametrize("status", [404, 422])
def test_a_no_to_a_look_after_the_yes_is_no_answer_to_the_change(shop: Shop, status: int) -> None:
    change = more_seats(shop)
    shop.sandbox.fault("get_policy", "error", count=1, status=status, code="policy_unknown")

    run = shop.run(change_quantity, change)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == changed(change)


@pytest.mark.parametrize("silence", ["timeout_after_applying", "error_after_applying"])
def test_a_change_that_was_made_without_an_answer_is_looked_up(shop: Shop, silence: str) -> None:
    change = more_seats(shop)
    shop.sandbox.fault("change", silence, count=1, seconds=0)

    run = shop.run(change_quantity, change)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == changed(change)
    assert tries(change.provider_operation_id) == 2


def test_a_change_that_takes_its_time_is_waited_for(shop: Shop) -> None:
    change = more_seats(shop)
    shop.sandbox.control("PUT", "settings", change_seconds=600)

    run = shop.run(change_quantity, change)
    shop.carry_on(rounds=5)
    waiting, attempts = run_of(run.id), [step.attempts for step in steps_of(run.id)]
    held = subscription_of(change.subscription_id)
    shop.sandbox.control("POST", "clock/advance", seconds=600)
    shop.carry_on()

    assert (waiting.status, waiting.waiting_for, attempts[2]) == ("running", "provider", 1)
    assert held.open_change_id == change.change_id
    assert end_of_change(run.id, change, shop.sandbox) == changed(change)


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    change = more_seats(shop)

    run = shop.start(change_quantity, change)
    shop.work_off_doubled()

    assert end_of_change(run.id, change, shop.sandbox) == changed(change)


def test_the_same_request_again_is_the_same_change(shop: Shop) -> None:
    change = more_seats(shop)

    one = shop.run(change_quantity, change, key="k", digest="d")
    again = shop.run(change_quantity, change, key="k", digest="d")

    assert (again.id, again.replayed) == (one.id, True)
    with pytest.raises(Invalid, match="Idempotency-Key"):
        shop.start(change_quantity, change, key="k", digest="another")
    assert changes_of(change.subscription_id) == [("change_quantity", "done")]


def test_a_second_change_while_one_is_open_waits_for_a_while_then_conflicts_and_writes_nothing(shop: Shop) -> None:
    change = more_seats(shop)
    rival = shop.a_change(cancel_subscription, change.subscription_id, "cancel", mode="now")
    shop.sandbox.control("PUT", "settings", change_seconds=600)
    shop.run(change_quantity, change)
    before = counts()

    with pytest.raises(Conflict) as refused:
        shop.a_change(change_quantity, change.subscription_id, "change_quantity", quantity=30)
    late = shop.run(cancel_subscription, rival)
    waiting = run_of(late.id)
    while not run_of(late.id).is_final:
        shop.carry_on(rounds=1)

    said = run_of(late.id).error
    assert (waiting.status, waiting.seq) == ("running", 0)
    assert refused.value.code == "change_in_progress"
    assert said and said["code"] == "change_in_progress"
    assert (run_of(late.id).status, sent(late.id, "C")) == ("compensated", ["services.abandon_change"])
    assert counts() == before
    held = subscription_of(change.subscription_id)
    assert (held.state, held.open_change_id) == ("active", change.change_id)
    shop.sandbox.control("POST", "clock/advance", seconds=600)


def test_a_second_change_is_made_when_the_first_one_lets_go_in_time(shop: Shop) -> None:
    change = more_seats(shop)
    rival = shop.a_change(cancel_subscription, change.subscription_id, "cancel", mode="now")
    first = shop.start(change_quantity, change)
    shop.transport.perform_next()
    late = shop.start(cancel_subscription, replace(rival, expected_version=None))
    shop.transport.perform_next()

    intervene(Scope.system("a test"), first.id, "cancel", actor=SYSTEM)
    shop.carry_on()

    assert (run_of(first.id).status, run_of(late.id).status) == ("compensated", "completed")


def test_a_change_decided_on_an_older_version_conflicts(shop: Shop) -> None:
    subscription_id = shop.bought()
    stale = shop.a_change(change_quantity, subscription_id, "change_quantity", version=0, quantity=25)

    run = shop.run(change_quantity, stale)

    said = run_of(run.id).error
    assert said and (said["code"], said["step"]) == ("version_conflict", "services.begin_change")
    assert changes_of(subscription_id) == []


@pytest.mark.parametrize("number", range(7))
def test_a_change_survives_crashes_around_each_step(shop: Shop, number: int) -> None:
    change = more_seats(shop)
    run = shop.start(change_quantity, change)

    dies_around(shop, change_quantity.steps[number].action)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == changed(change)


UNDONE = [place for step in change_quantity.steps[:2] for place in places_in(step.compensation)]


@pytest.mark.parametrize("place", UNDONE)
def test_a_change_that_is_taken_back_survives_a_crash(shop: Shop, place: str) -> None:
    change = more_seats(shop)
    shop.sandbox.fault("change", "reject")
    run = shop.start(change_quantity, change)

    assert dies(shop.transport, place)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == unchanged(change)
