"""One contract, held against every adapter, each before a running provider. What a flag says is absent is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.services.providers import (
    Busy,
    NotSupported,
    Stale,
    UnknownOutcome,
    Unverified,
)
from domains.services.providers.capabilities import CHANGES
from tests.domains.services.providers.stages import Stage

pytestmark = pytest.mark.slow
WISHES: dict[str, list[dict[str, Any]]] = {
    "change_quantity": [{"quantity": 6}],
    "cancel": [{"mode": "now"}, {"mode": "end_of_term"}],
    "extend": [{"end_date": "2030-01-31"}],
    "suspend": [{}],
    "resume": [{}],
    "change_plan": [{"offer_id": "svc-db/plan-large", "term": "P1M", "billing_cycle": "monthly", "quantity": 5}],
    "end_of_term": [{"mode": mode} for mode in ("renew", "cancel", "bridge")],
    "schedule_next_term": [{"instructions": {"quantity": 3}}, {"instructions": None}],
}


def quantity_of(stage: Stage, subscription_id: str) -> int:
    held = stage.provider.get_subscription(subscription_id)
    assert held is not None
    return held.quantity


def test_what_it_sells_can_be_read_with_a_price(stage: Stage) -> None:
    offer = next(one for one in stage.provider.list_offers() if one.id == stage.offer)

    plan = next(one for one in offer.plans if (one.term, one.billing_cycle) == (stage.term, "monthly"))
    assert any(price.currency == stage.currency and price.purchase_price > 0 for price in plan.prices)


def test_an_order_brings_subscriptions_that_know_our_ids(stage: Stage) -> None:
    order = stage.order(stage.line(5), stage.line(7))

    placed = stage.provider.place_order(new_id(), order)

    assert (placed.status, placed.reference) == ("completed", order["reference"])
    assert [line.reference for line in placed.lines] == [line["reference"] for line in order["lines"]]
    for line, quantity in zip(placed.lines, (5, 7), strict=True):
        held = stage.provider.get_subscription(line.subscription_id or "")
        assert held is not None
        assert (held.quantity, held.status) == (quantity, "active")
        assert held.reference in (None, line.reference)


def test_the_same_order_twice_is_ordered_once(stage: Stage) -> None:
    order, operation_id = stage.order(), new_id()

    first = stage.provider.place_order(operation_id, order)
    second = stage.provider.place_order(operation_id, order)

    assert [line.subscription_id for line in first.lines] == [line.subscription_id for line in second.lines]


def test_an_order_is_found_by_our_ids_and_one_that_never_was_is_not(stage: Stage) -> None:
    order, other = stage.order(), stage.order()
    placed = stage.provider.place_order(new_id(), order)

    found = stage.provider.find_order(UUID(order["reference"]), order)

    assert found is not None
    assert (found.status, found.lines[0].subscription_id) == ("completed", placed.lines[0].subscription_id)
    assert stage.provider.find_order(UUID(other["reference"]), other) is None


def test_an_order_that_takes_a_while_is_pending_until_it_is_done(stage: Stage) -> None:
    stage.slow()
    order, operation_id = stage.order(), new_id()

    placed = stage.provider.place_order(operation_id, order)
    assert placed.status == "pending"
    assert placed.retry_after
    stage.look_on()
    for _ in range(5):
        if placed.status == "pending":
            found = stage.provider.find_order(UUID(order["reference"]), order)
            placed = found or stage.provider.place_order(operation_id, order)

    assert placed.status == "completed"


def test_an_order_whose_answer_was_lost_is_not_ordered_again(stage: Stage) -> None:
    order, operation_id = stage.order(), new_id()
    stage.fault(500, after=True)

    with pytest.raises(UnknownOutcome):
        stage.provider.place_order(operation_id, order)
    known = stage.provider.find_order(UUID(order["reference"]), order)
    placed = known or stage.provider.place_order(operation_id, order)

    assert placed.status == "completed"
    if stage.provider.capabilities().lists_subscriptions:
        assert len(stage.provider.list_subscriptions(stage.customer)) == 1


def test_an_order_may_succeed_in_part(stage: Stage) -> None:
    order = stage.order(stage.line(), stage.line())
    stage.refuse_second(order)

    placed = stage.provider.place_order(new_id(), order)

    assert stage.provider.capabilities().places_in_part
    assert placed.status == "partially_completed"
    first, second = placed.lines
    assert first.subscription_id
    assert not second.subscription_id
    assert second.error is not None


def test_more_than_it_sells_is_a_clear_no(stage: Stage) -> None:
    try:
        placed = stage.provider.place_order(new_id(), stage.order(stage.line(stage.over)))
    except Refused:
        return
    assert placed.status == "rejected"
    assert placed.error is not None


def test_units_go_up_and_back_and_what_is_asked_twice_is_done_once(stage: Stage) -> None:
    subscription_id = stage.bought(5)
    up, down, operation_id = (
        stage.change("change_quantity", quantity=8),
        stage.change("change_quantity", quantity=6),
        new_id(),
    )

    for _ in range(2):
        made = stage.provider.make_change(operation_id, subscription_id, up)
        assert (made.status, made.reference) == ("succeeded", up["reference"])
    assert quantity_of(stage, subscription_id) == 8
    assert sum(one.quantity for one in stage.provider.get_policy(subscription_id).returnable) == 8
    assert stage.provider.make_change(new_id(), subscription_id, down).status == "succeeded"
    assert quantity_of(stage, subscription_id) == 6


def test_a_change_is_found_by_our_id_and_one_that_never_was_is_not(stage: Stage) -> None:
    subscription_id = stage.bought(5)
    change, other = stage.change("change_quantity", quantity=8), stage.change("change_quantity", quantity=9)
    stage.provider.make_change(new_id(), subscription_id, change)

    found = stage.provider.find_change(UUID(change["reference"]), subscription_id, change)

    assert found is not None
    assert found.status == "succeeded"
    assert stage.provider.find_change(UUID(other["reference"]), subscription_id, other) is None


def test_a_change_that_takes_a_while_is_pending_and_another_waits_for_it(stage: Stage) -> None:
    subscription_id = stage.bought(5)
    stage.slow()
    change = stage.change("change_quantity", quantity=8)

    made = stage.provider.make_change(new_id(), subscription_id, change)
    assert made.status == "pending"
    assert made.retry_after
    with pytest.raises(Busy):
        stage.provider.make_change(new_id(), subscription_id, stage.change("change_quantity", quantity=9))
    stage.look_on()
    found = None
    for _ in range(5):
        try:
            found = stage.provider.find_change(UUID(change["reference"]), subscription_id, change)
        except Busy:
            continue
        if found is not None and found.status == "succeeded":
            break

    assert found is not None
    assert found.status == "succeeded"
    assert quantity_of(stage, subscription_id) == 8


def test_a_change_beyond_the_limits_is_a_clear_no_and_changes_nothing(stage: Stage) -> None:
    subscription_id = stage.bought(5)

    with pytest.raises(Refused):
        stage.provider.make_change(new_id(), subscription_id, stage.change("change_quantity", quantity=stage.over))

    assert quantity_of(stage, subscription_id) == 5


def test_what_was_changed_since_we_looked_is_not_overwritten_where_versions_are_kept(stage: Stage) -> None:
    subscription_id = stage.bought(5)
    held = stage.provider.get_subscription(subscription_id)
    assert held is not None
    stage.act_directly(subscription_id, 9)
    change = stage.change("change_quantity", quantity=6, expected_version=held.version)

    if not stage.provider.capabilities().checks_versions:
        stage.provider.make_change(new_id(), subscription_id, change)
        return
    with pytest.raises(Stale):
        stage.provider.make_change(new_id(), subscription_id, change)

    assert quantity_of(stage, subscription_id) == 9


def test_what_is_ended_now_is_gone_or_canceled(stage: Stage) -> None:
    subscription_id = stage.bought(5)
    change = stage.change("cancel", mode="now")

    assert stage.provider.make_change(new_id(), subscription_id, change).status == "succeeded"

    held = stage.provider.get_subscription(subscription_id)
    assert held is None or held.status == "canceled"
    found = stage.provider.find_change(UUID(change["reference"]), subscription_id, change)
    assert found is not None
    assert found.status == "succeeded"


def test_a_change_that_its_capabilities_do_not_name_is_not_supported(stage: Stage) -> None:
    subscription_id, able = stage.bought(), stage.provider.capabilities()
    wishes = [stage.change(kind, **wish) for kind in CHANGES for wish in WISHES[kind]]

    for change in wishes:
        if not able.takes(change):
            with pytest.raises(NotSupported):
                stage.provider.make_change(new_id(), subscription_id, change)

    assert quantity_of(stage, subscription_id) == 5


def test_what_it_cannot_tell_is_not_supported(stage: Stage) -> None:
    able, provider = stage.provider.capabilities(), stage.provider
    telling = {
        "lists_subscriptions": lambda: provider.list_subscriptions(stage.customer),
        "lists_changes": lambda: provider.list_changes_since(None),
        "tells_costs": lambda: provider.list_month_lines(date(2026, 11, 1)),
    }
    for flag, tell in telling.items():
        if getattr(able, flag):
            tell()
            continue
        with pytest.raises(NotSupported):
            tell()


def test_a_webhook_is_believed_only_when_it_is_signed(stage: Stage) -> None:
    wanted = Unverified if stage.provider.capabilities().signs_webhooks else NotSupported

    with pytest.raises(wanted):
        stage.provider.parse_webhook({"Ccp-Signature": "t=1,v1=" + "0" * 64}, b"{}")


def test_what_a_customer_did_there_is_listed_and_hinted_at(stage: Stage) -> None:
    able = stage.provider.capabilities()
    if not (able.lists_subscriptions and able.lists_changes):
        pytest.skip("it lists nothing")
    bought = [stage.bought(5) for _ in range(5)]
    before = stage.provider.list_changes_since(None)
    while before.has_more:
        before = stage.provider.list_changes_since(before.cursor)
    stage.act_directly(bought[3], 9)

    after = stage.provider.list_changes_since(before.cursor)
    held = {one.id: one for one in stage.provider.list_subscriptions(stage.customer)}

    assert {one.subscription_id for one in after.items} == {bought[3]}
    assert stage.provider.list_changes_since(after.cursor).items == ()
    assert set(held) == set(bought)
    assert held[bought[3]].quantity == 9
    assert held[bought[0]].offer_id == stage.offer
    assert {one.customer for one in held.values()} == {str(stage.customer)}
    assert stage.provider.list_subscriptions(new_id()) == []


def test_dates_are_said_or_kept_by_us(stage: Stage) -> None:
    held = stage.provider.get_subscription(stage.bought())

    assert held is not None
    if "dates" in stage.provider.capabilities().platform_managed:
        assert (held.start_date, held.valid_to) == (None, None)
        return
    assert held.start_date is not None
    assert held.valid_to is not None
    assert held.start_date <= datetime.now(UTC).date() < held.valid_to or stage.provider.key == "sandbox"
