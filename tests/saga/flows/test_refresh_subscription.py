"""A subscription is looked at as it stands at the provider; what somebody changed there waits for a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domains import services
from domains.services import queries
from saga.flows.change_quantity import change_quantity
from saga.flows.refresh_subscription import RefreshSubscription, refresh_subscription
from tests.factories.services import EVERYBODY

from .crashes import dies_around
from .seen import reference, run_of, subscription_of, words_of
from .shop import Shop

pytestmark = pytest.mark.slow  # `make check` plays orders, onboarding and accounts


def a_look(shop: Shop, subscription_id: UUID) -> RefreshSubscription:
    """A wish to look at a subscription."""
    return RefreshSubscription(
        subscription_id=subscription_id, customer_id=shop.customer_id, reseller_id=None, label="Analytics Pro"
    )


def directly(shop: Shop, subscription_id: UUID, **what: Any) -> None:
    """Somebody changes the subscription at the provider itself."""
    over_there = subscription_of(subscription_id).provider_subscription_id
    shop.sandbox.control("POST", "direct", subscription_id=over_there, **what)


def stands(subscription_id: UUID) -> tuple[str, int, int]:
    """State, quantity, and the sum of the lots."""
    found = subscription_of(subscription_id)
    return found.state, found.quantity, sum(lot.quantity for lot in found.lots)


def found(subscription_id: UUID) -> list[tuple[str, str | None]]:
    """What waits for a decision: each fact that stands otherwise at the provider."""
    with services.db.begin_read() as session:
        drift = queries.list_drift(session, EVERYBODY, subscription_id=subscription_id, state="open").items
    return [(one.field, one.theirs) for each in drift for one in each.differences]


@pytest.mark.parametrize(
    ("what", "differs"),
    [
        ({"kind": "change_quantity", "quantity": 27}, ("quantity", "27")),
        ({"kind": "change_quantity", "quantity": 12}, ("quantity", "12")),
        ({"kind": "suspend"}, ("state", "suspended")),
        ({"kind": "cancel"}, ("state", "canceled")),
        ({"kind": "set_status", "status": "hibernating"}, ("state", "unknown:hibernating")),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) else None,
)
def test_what_others_did_at_the_provider_waits_for_a_person(shop: Shop, what: Any, differs: tuple[str, str]) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, **what)

    run = shop.run(refresh_subscription, a_look(shop, subscription_id))

    assert words_of(run.id) == ["done", "done"]
    assert (stands(subscription_id), found(subscription_id)) == (("active", 20, 20), [differs])
    assert reference(subscription_id) == ("subscription", "active")


def test_a_look_that_finds_nothing_new_changes_nothing(shop: Shop) -> None:
    subscription_id = shop.bought()
    before = subscription_of(subscription_id)
    shop.clock.advance(minutes=5)

    shop.run(refresh_subscription, a_look(shop, subscription_id))

    after = subscription_of(subscription_id)
    assert (after.version, after.state, after.lots) == (before.version, "active", before.lots)
    assert after.looked_at and before.looked_at and after.looked_at > before.looked_at


def test_while_a_change_is_under_way_its_own_answer_comes_first(shop: Shop) -> None:
    subscription_id = shop.bought()
    change = shop.a_change(change_quantity, subscription_id, "change_quantity", quantity=25)
    shop.sandbox.control("PUT", "settings", change_seconds=600)
    shop.run(change_quantity, change)

    run = shop.run(refresh_subscription, a_look(shop, subscription_id))

    assert run_of(run.id).status == "completed"
    assert (stands(subscription_id), subscription_of(subscription_id).open_change_id) == (
        ("active", 20, 20), change.change_id,
    )  # fmt: skip
    shop.sandbox.control("POST", "clock/advance", seconds=600)


def test_a_subscription_that_was_never_set_up_is_a_clear_no(shop: Shop) -> None:
    shop.sandbox.fault("place_order", "reject")
    subscription_id = shop.bought()

    run = shop.run(refresh_subscription, a_look(shop, subscription_id))

    said = run_of(run.id).error
    assert said and (said["code"], run_of(run.id).status) == ("not_at_provider", "compensated")
    assert stands(subscription_id)[0] == "failed"


def test_a_provider_that_is_busy_is_asked_again(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="suspend")
    shop.sandbox.fault("get_subscription", "throttle", count=2)

    run = shop.run(refresh_subscription, a_look(shop, subscription_id))
    waiting = run_of(run.id)
    shop.carry_on()

    assert waiting.status == "running"
    assert waiting.next_at and waiting.next_at - shop.clock.now < timedelta(seconds=2)
    assert found(subscription_id) == [("state", "suspended")]


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)

    shop.start(refresh_subscription, a_look(shop, subscription_id))
    shop.work_off_doubled()

    assert (stands(subscription_id), found(subscription_id)) == (("active", 20, 20), [("quantity", "27")])


@pytest.mark.parametrize("number", range(2))
def test_a_look_survives_crashes_around_each_step(shop: Shop, number: int) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    run = shop.start(refresh_subscription, a_look(shop, subscription_id))

    dies_around(shop, refresh_subscription.steps[number].action)
    shop.carry_on()

    assert (run_of(run.id).status, found(subscription_id)) == ("completed", [("quantity", "27")])
