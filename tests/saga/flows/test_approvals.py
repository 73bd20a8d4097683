"""What is above somebody's limit waits for a yes, goes on as it was promised, or comes to nothing with the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.tenancy import Scope
from saga import coordinator, interventions
from saga.flows.change_quantity import change_quantity
from saga.flows.extend_subscription import extend_subscription
from saga.timeline import operation_status, waiting_for

from .seen import charges, end_of_order, order_of, reservation, run_of, sent, subscription_of
from .shop import CONNECTOR, PRO, Shop
from .waiting import approval_of, buyer, change, decide, limit, mail, order, owner, signed_up


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, whose buyers may order for 100 euros by themselves; its owner has signed up."""
    signed_up(shop)
    limit(shop, "100.00")
    return shop


def test_an_order_above_the_limit_waits_and_nothing_is_held_or_asked(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))

    found = run_of(run.id)
    assert (operation_status(found), waiting_for(found)) == ("not_started", "approval")
    end = end_of_order(run.id, asked, shop.sandbox)
    assert (end["order"], end["held"], end["orders at the provider"]) == ("awaiting_approval", None, [])
    seen = approval_of(owner(shop), asked.approval.id)
    assert (seen.state, seen.amount, seen.requested_by, seen.may_decide) == (
        "requested", asked.commitment, "Bea Buyer", True,
    )  # fmt: skip
    assert seen.expires_at - seen.requested_at == timedelta(days=14)
    assert mail("approval_requested") == ["owner@northwind.example"]


def test_a_yes_on_a_later_day_moves_the_days_and_keeps_the_prices(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))
    shop.clock.advance(days=3)

    decide(shop, "approve", owner(shop), asked.approval.id)

    assert run_of(run.id).status == "completed"
    stands, line = order_of(asked.order_id), asked.lines[0]
    now = stands.lines[0]
    assert stands.effective_on == asked.effective_on + timedelta(days=3)
    assert (now.unit_price, now.cycle_price) == (line.unit_price, line.cycle_price)
    assert now.charge_now != line.charge_now
    assert charges(line.subscription_id) == [("activation", 20, now.charge_now)]
    assert reservation(asked.reservation_id) == ("confirmed", asked.reserve)


def test_add_ons_stay_with_what_they_add_to(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop), (20, PRO), (5, CONNECTOR))
    shop.clock.advance(days=1)

    decide(shop, "approve", owner(shop), asked.approval.id)

    base, addon = order_of(asked.order_id).lines
    assert run_of(run.id).status == "completed"
    assert (base.state, addon.state, addon.parent_subscription_id) == ("accepted", "accepted", base.subscription_id)


def test_an_order_within_the_limit_does_not_pay_for_waiting(shop: Shop) -> None:
    run, _ = order(shop, owner(shop))

    assert (run.definition_version, run_of(run.id).status) == (1, "completed")


def test_a_no_takes_the_order_back_with_the_reason(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))

    decide(shop, "reject", owner(shop), asked.approval.id, reason="Not this quarter")

    stands = order_of(asked.order_id)
    assert run_of(run.id).status == "compensated"
    assert (stands.state, stands.error and stands.error["code"]) == ("rejected", "approval_rejected")
    assert "Not this quarter" in str(stands.error)
    assert subscription_of(asked.lines[0].subscription_id).state == "failed"
    assert sent(run.id, "C") == ["services.give_up_order"]


def test_what_nobody_decides_expires_by_itself(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))
    shop.clock.advance(days=13, hours=23)
    shop.transport.run_until_quiet()
    before = approval_of(owner(shop), asked.approval.id).state
    shop.clock.advance(hours=2)
    shop.transport.run_until_quiet()

    seen = approval_of(owner(shop), asked.approval.id)
    assert (before, seen.state, run_of(run.id).status) == ("requested", "expired", "compensated")
    assert order_of(asked.order_id).state == "rejected"
    with pytest.raises(Conflict):
        decide(shop, "approve", owner(shop), asked.approval.id)


def test_an_outage_while_somebody_thinks_takes_nothing_back(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))
    shop.clock.advance(hours=2)
    for _ in range(40):  # the workers are away: nobody answers what is asked
        shop.clock.advance(minutes=3)
        coordinator.wake()
        shop.transport.commands.clear()

    decide(shop, "approve", owner(shop), asked.approval.id)
    shop.carry_on()

    assert run_of(run.id).status == "completed"


def test_nobody_approves_their_own(shop: Shop) -> None:
    me = buyer(shop)
    _run, asked = order(shop, me)

    with pytest.raises(Refused) as no:
        decide(shop, "approve", me, asked.approval.id)
    assert no.value.code == "own_request"
    assert not approval_of(me, asked.approval.id).may_decide


def test_a_limit_that_does_not_cover_it_does_not_approve(shop: Shop) -> None:
    _run, asked = order(shop, buyer(shop))

    with pytest.raises(Refused) as no:
        decide(shop, "approve", buyer(shop, "Carl Clerk"), asked.approval.id)
    assert no.value.code == "limit_too_low"
    with pytest.raises(Refused) as no:
        decide(shop, "approve", replace(owner(shop), scopes=frozenset()), asked.approval.id)
    assert no.value.code in ("not_an_approver", "own_request")


def test_a_colleague_it_was_left_to_decides_with_that_authority(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))
    carl = buyer(shop, "Carl Clerk")

    assert decide(shop, "delegate", owner(shop), asked.approval.id, to=" Carl@Northwind.example ") == "delegated"
    assert run_of(run.id).waiting_for == "approval"
    decide(shop, "approve", carl, asked.approval.id)

    assert run_of(run.id).status == "completed"
    assert approval_of(carl, asked.approval.id).decided_by == "Carl Clerk"


def test_what_makes_no_sense_is_refused(shop: Shop) -> None:
    _run, asked = order(shop, buyer(shop))
    wrong: list[tuple[str, dict[str, Any], type[Exception]]] = [
        ("reject", {"reason": " "}, Invalid), ("delegate", {"to": "carl"}, Invalid),
        ("delegate", {"to": "owner@northwind.example"}, Invalid), ("approve", {"version": 7}, Conflict),
        ("approve", {"reason": "x" * 501}, Invalid),
    ]  # fmt: skip
    for verb, known, error in wrong:
        with pytest.raises(error):
            decide(shop, verb, owner(shop), asked.approval.id, **known)
    assert approval_of(owner(shop), asked.approval.id).version == 1


def test_the_same_yes_twice_orders_once_and_a_no_after_it_is_too_late(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))

    for _ in range(2):
        assert decide(shop, "approve", owner(shop), asked.approval.id) == "approved"
    with pytest.raises(Conflict):
        decide(shop, "reject", owner(shop), asked.approval.id, reason="Oh no")

    assert len(shop.sandbox.orders(asked.order_id)) == 1
    assert run_of(run.id).status == "completed"


def test_another_tenants_request_is_not_there(shop: Shop) -> None:
    _run, asked = order(shop, buyer(shop))
    stranger = replace(owner(shop), scope=Scope.customer(asked.order_id), customer_id=asked.order_id)

    with pytest.raises(NotFound):
        decide(shop, "approve", stranger, asked.approval.id)
    with pytest.raises(NotFound):
        approval_of(stranger, asked.approval.id)


def test_the_one_who_asked_can_call_it_off(shop: Shop) -> None:
    run, asked = order(shop, buyer(shop))

    interventions.intervene(shop.scope, run.id, "cancel", actor=buyer(shop).actor)
    shop.transport.run_until_quiet()

    assert run_of(run.id).status == "compensated"
    assert order_of(asked.order_id).state == "canceled"
    assert approval_of(owner(shop), asked.approval.id).state == "withdrawn"


def test_more_seats_above_the_limit_wait_and_do_not_hold_the_subscription(shop: Shop) -> None:
    subscription_id = shop.bought()
    me = buyer(shop)
    run, asked = change(shop, change_quantity, me, subscription_id, "change_quantity", quantity=30)
    assert run_of(run.id).waiting_for == "approval"
    assert subscription_of(subscription_id).open_change_id is None

    shop.clock.advance(days=2)
    decide(shop, "approve", owner(shop), asked.approval.id)

    assert run_of(run.id).status == "completed"
    assert subscription_of(subscription_id).quantity == 30
    _kind, added, amount = charges(subscription_id)[-1]
    assert (added, amount != asked.charge_now) == (10, True)


def test_a_longer_term_above_the_limit_waits_too(shop: Shop) -> None:
    subscription_id = shop.bought()
    day = subscription_of(subscription_id).allowed_end_dates[0]
    limit(shop, "0.00")
    run, asked = change(shop, extend_subscription, buyer(shop), subscription_id, "extend", valid_to=day)
    waits = run_of(run.id).waiting_for

    decide(shop, "approve", owner(shop), asked.approval.id)

    assert (waits, run_of(run.id).status) == ("approval", "completed")
    assert subscription_of(subscription_id).valid_to == day


def test_a_change_of_what_has_changed_meanwhile_is_refused(shop: Shop) -> None:
    subscription_id = shop.bought()
    run, asked = change(shop, change_quantity, buyer(shop), subscription_id, "change_quantity", quantity=30)
    shop.run(change_quantity, shop.a_change(change_quantity, subscription_id, "change_quantity", quantity=25))

    decide(shop, "approve", owner(shop), asked.approval.id)

    ended = run_of(run.id)
    assert (ended.status, (ended.error or {}).get("code")) == ("compensated", "version_conflict")
    assert subscription_of(subscription_id).quantity == 25


def test_fewer_seats_need_nobody(shop: Shop) -> None:
    subscription_id = shop.bought()

    run, _ = change(shop, change_quantity, buyer(shop), subscription_id, "change_quantity", quantity=15)

    assert (run.definition_version, run_of(run.id).status) == (1, "completed")
