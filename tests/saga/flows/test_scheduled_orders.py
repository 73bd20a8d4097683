"""An order for a later day waits for that day, can be called off until then, and is looked at again when it comes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from domains import services
from domains.kernel.clock import business_at
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.services import commands
from domains.services import queries as sold
from domains.services.models import Offer
from saga import interventions, signals
from saga.timeline import operation_status, waiting_for
from tests.factories.services import a_line

from .seen import charges, order_of, run_of
from .shop import PRO, Shop
from .waiting import buyer, decide, limit, order, owner


def test_an_order_for_a_later_day_waits_for_it_and_is_dated_by_it(shop: Shop) -> None:
    day = shop.clock.now.date() + timedelta(days=30)
    run, asked = order(shop, owner(shop), starts_on=day)
    waiting = run_of(run.id)
    state = order_of(asked.order_id).state

    shop.clock.advance(days=31)
    shop.transport.run_until_quiet()

    assert (state, operation_status(waiting), waiting_for(waiting)) == ("scheduled", "not_started", "start_date")
    assert asked.effective_on == day
    assert run_of(run.id).status == "completed"
    stands = order_of(asked.order_id)
    assert (stands.state, stands.effective_on) == ("completed", shop.clock.now.date())
    assert charges(asked.lines[0].subscription_id) == [("activation", 20, stands.charge_now)]


def test_a_clock_that_is_moved_for_one_customer_wakes_what_waits_there(shop: Shop) -> None:
    day = shop.clock.now.date() + timedelta(days=30)
    run, _ = order(shop, owner(shop), starts_on=day)

    with business_at(shop.clock.now + timedelta(days=31)):
        assert (signals.signal_waiting(shop.customer_id), signals.signal_waiting(new_id())) == (1, 0)
        shop.transport.run_until_quiet()

    assert run_of(run.id).status == "completed"


def test_it_can_be_called_off_until_then(shop: Shop) -> None:
    run, asked = order(shop, owner(shop), starts_on=shop.clock.now.date() + timedelta(days=9))

    interventions.intervene(shop.scope, run.id, "cancel", actor=shop.caller.actor)
    shop.transport.run_until_quiet()

    assert (run_of(run.id).status, order_of(asked.order_id).state) == ("compensated", "canceled")
    assert shop.sandbox.orders(asked.order_id) == []


def test_what_is_not_sold_any_more_on_its_day_is_not_ordered(shop: Shop) -> None:
    run, asked = order(shop, owner(shop), starts_on=shop.clock.now.date() + timedelta(days=9))
    with services.db.begin() as session:
        session.execute(update(Offer).where(Offer.id == asked.lines[0].offer_id).values(active=False))

    shop.clock.advance(days=10)
    shop.transport.run_until_quiet()

    ended = run_of(run.id)
    assert (ended.status, (ended.error or {})["code"]) == ("compensated", "offer_not_sold")
    stands = order_of(asked.order_id)
    assert (stands.state, stands.error and stands.error["code"]) == ("rejected", "offer_not_sold")
    assert shop.sandbox.orders(asked.order_id) == []


def test_one_that_needs_an_approval_too_waits_for_both(shop: Shop) -> None:
    limit(shop, "100.00")
    run, asked = order(shop, buyer(shop), starts_on=shop.clock.now.date() + timedelta(days=9))
    first = run_of(run.id).waiting_for
    decide(shop, "approve", owner(shop), asked.approval.id)
    second, state = run_of(run.id).waiting_for, order_of(asked.order_id).state

    shop.clock.advance(days=10)
    shop.transport.run_until_quiet()

    assert (first, second, state, run_of(run.id).status) == ("approval", "start_date", "scheduled", "completed")


@pytest.mark.parametrize("days", [-1, 91])
def test_a_day_that_is_past_or_too_far_ahead_is_refused(shop: Shop, days: int) -> None:
    with pytest.raises(Invalid) as no:
        order(shop, owner(shop), starts_on=shop.clock.now.date() + timedelta(days=days))
    assert (no.value.code, no.value.field) == ("start_not_possible", "starts_on")


def test_today_is_no_later_day(shop: Shop) -> None:
    run, _ = order(shop, owner(shop), starts_on=shop.clock.now.date())

    assert (run.definition_version, run_of(run.id).status) == (1, "completed")


def test_a_preview_of_a_later_day_promises_it(shop: Shop) -> None:
    day = shop.clock.now.date() + timedelta(days=20)
    with services.db.begin() as session:
        lines = [a_line(session, 20, PRO)]
        promise = commands.preview_order(
            session, scope=shop.scope, account_id=shop.account_id, lines=lines, starts_on=day
        )  # fmt: skip
    with services.db.begin_read() as session:
        known = {"account_id": shop.account_id, "lines": lines, "preview_id": promise.id}
        terms = sold.order_terms(session, shop.scope, **known)
        waits = sold.order_waits(session, shop.scope, terms, owner(shop))

    assert (terms.effective_on, terms.charge_now, waits) == (day, promise.terms.charge_now, (None, True))
