"""Another plan: at the provider once, the old days back and the new ones charged once; and a next term planned."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from domains import services
from domains.kernel.money import Money
from domains.services.models import Offer
from saga.flows.change_plan import change_plan
from saga.flows.schedule_change import schedule_change

from .crashes import dies_around
from .seen import end_of_change, first_charge, run_of, sent, subscription_of, tries
from .shop import PRO, Shop

pytestmark = pytest.mark.slow
PLUS = f"{PRO}-plus"


def offer(provider_offer_id: str = PLUS) -> UUID:
    """Our id of an offer."""
    with services.db.begin_read() as session:
        return session.scalars(select(Offer.id).where(Offer.provider_offer_id == provider_offer_id)).one()


def an_upgrade(shop: Shop) -> Any:
    """A wish for the next edition of a subscription of 20 seats."""
    return shop.a_change(change_plan, shop.bought(), "change_plan", offer_id=offer())


def upgraded(change: Any) -> dict[str, Any]:
    """How it ends when it goes well: what is charged and given back adds up to what was promised."""
    return {
        "run": "completed", "steps": ["done"] * 7, "changes": [("change_plan", "done")],
        "subscription": ("active", 20, None), "auto_renew": True, "valid_to": change.plan.valid_to, "lots": 20,
        "held": ("confirmed", change.reserve), "letters": [("owner@northwind.example", "plan_changed")],
        "charges": [first_charge(change.subscription_id), ("change_plan", -20, -change.plan.refund),
                    ("change_plan", 20, change.plan.charge)],
        "known to support": ("subscription", "active"), "changes at the provider": ["succeeded"],
        "at the provider": ("active", 20),
    }  # fmt: skip


def test_a_higher_edition_is_there_charged_and_told(shop: Shop) -> None:
    change = an_upgrade(shop)

    run = shop.run(change_plan, change)

    assert end_of_change(run.id, change, shop.sandbox) == upgraded(change)
    assert change.charge_now == change.plan.charge - change.plan.refund > Money.zero("EUR")
    assert subscription_of(change.subscription_id).name == "Analytics Pro Plus"


def test_a_longer_term_begins_at_once(shop: Shop) -> None:
    change = shop.a_change(change_plan, shop.bought(), "change_plan", term="P3Y")

    run = shop.run(change_plan, change)

    end, held = end_of_change(run.id, change, shop.sandbox), subscription_of(change.subscription_id)
    assert (end["run"], end["valid_to"], held.term) == ("completed", change.plan.valid_to, "P3Y")
    assert held.cancelable_until is not None and held.valid_from == change.plan.valid_from


def test_a_clear_no_leaves_the_plan_and_releases_what_was_held(shop: Shop) -> None:
    change = an_upgrade(shop)
    shop.sandbox.fault("change", "reject", code="plan_not_allowed")

    run = shop.run(change_plan, change)

    end = end_of_change(run.id, change, shop.sandbox)
    assert (end["run"], end["changes"], end["held"][0]) == ("compensated", [("change_plan", "refused")], "released")
    assert end["charges"] == [first_charge(change.subscription_id)]
    assert sent(run.id, "C") == ["accounts.release_reservation", "services.abandon_change"]
    assert subscription_of(change.subscription_id).name == "Analytics Pro"


@pytest.mark.parametrize("silence", ["timeout_after_applying", "error_after_applying"])
def test_a_change_without_an_answer_is_looked_up_and_made_once(shop: Shop, silence: str) -> None:
    change = an_upgrade(shop)
    shop.sandbox.fault("change", silence, count=1, seconds=0)

    run = shop.run(change_plan, change)
    shop.carry_on()

    assert end_of_change(run.id, change, shop.sandbox) == upgraded(change)
    assert tries(change.provider_operation_id) == 2


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    change = an_upgrade(shop)

    run = shop.start(change_plan, change)
    shop.work_off_doubled()

    assert end_of_change(run.id, change, shop.sandbox) == upgraded(change)


def test_a_change_of_plan_survives_crashes_around_every_step(shop: Shop) -> None:
    change = an_upgrade(shop)
    run = shop.start(change_plan, change)

    for step in change_plan.steps:
        dies_around(shop, step.action)

    assert end_of_change(run.id, change, shop.sandbox) == upgraded(change)


def test_a_next_term_is_planned_replaced_and_taken_back(shop: Shop) -> None:
    subscription_id = shop.bought()
    first = shop.a_change(schedule_change, subscription_id, "schedule_change", quantity=12, offer_id=offer())
    run = shop.run(schedule_change, first)
    planned = subscription_of(subscription_id).next_term
    second = shop.a_change(schedule_change, subscription_id, "schedule_change", quantity=30)
    shop.run(schedule_change, second)
    replaced = subscription_of(subscription_id).next_term
    third = shop.a_change(schedule_change, subscription_id, "schedule_change", mode="remove")
    shop.run(schedule_change, third)

    end = end_of_change(run.id, first, shop.sandbox)
    assert run_of(run.id).status == "completed" and end["letters"] == [("owner@northwind.example", "change_scheduled")]
    assert planned is not None and (planned.quantity, planned.name) == (12, "Analytics Pro Plus")
    assert replaced is not None and (replaced.quantity, replaced.name) == (30, None)
    assert subscription_of(subscription_id).next_term is None
    assert end["charges"] == [first_charge(subscription_id)] and end["subscription"][1] == 20
