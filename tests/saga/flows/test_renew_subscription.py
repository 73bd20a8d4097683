"""A term is over: it was renewed, bridged or ended as it was said, is charged once, and its owner is told."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select

from domains import billing, services
from domains.billing.models import Charge
from domains.kernel.money import Money
from domains.services import queries
from domains.services.models import Decision, Subscription
from saga.ends import begin_renewals
from saga.flows.renew_subscription import renew_subscription

from .crashes import dies_around
from .ends import at_work as at_work
from .ends import decide, end_of, end_term, letters_to, move_to
from .seen import charges, subscription_of
from .shop import Shop

pytestmark = pytest.mark.slow  # `make check` plays orders, onboarding and accounts


def test_what_was_left_to_end_ends_and_nothing_more_is_charged(shop: Shop) -> None:
    subscription_id = shop.bought()
    decide(shop, subscription_id, "cancel")
    before = charges(subscription_id)

    end_term(shop, subscription_id)

    it = end_of(shop, subscription_id)
    assert (subscription_of(subscription_id).state, it.state, it.outcome) == ("expired", "settled", "ended")
    assert charges(subscription_id) == before
    assert letters_to(shop)[-1] == ("owner@northwind.example", "subscription_ended")


def test_a_renewal_is_charged_once_at_the_price_of_its_day(shop: Shop) -> None:
    subscription_id = shop.bought()
    old = subscription_of(subscription_id)
    with services.db.begin() as session:
        session.get_one(Subscription, subscription_id).unit_rate = old.unit_price.amount - 5  # it was sold cheaper

    last = end_term(shop, subscription_id)
    begin_renewals("test/again")
    shop.transport.run_until_quiet()

    new = subscription_of(subscription_id)
    [_first, renewed] = charges(subscription_id)
    with billing.db.begin_read() as session:
        charge = session.scalars(select(Charge).where(Charge.kind == "renewal")).one()
    assert new.unit_price == old.unit_price
    assert (renewed[0], renewed[1], charge.price) == ("renewal", 20, old.unit_price)
    assert charge.effective_on == last + timedelta(days=1)
    assert charge.until is not None
    assert charge.until < (last + timedelta(days=32)).replace(day=1)
    assert [lot.quantity for lot in new.returnable_seats] == [20]  # the window is open again
    assert letters_to(shop) == [("owner@northwind.example", "subscription_renewed")]


def test_a_bridge_goes_on_month_by_month_with_the_surcharge_once(shop: Shop) -> None:
    subscription_id = shop.bought()
    price = subscription_of(subscription_id).unit_price
    decide(shop, subscription_id, "bridge")
    expected = Money.of(price.amount * 103 / 100, "EUR")

    end_term(shop, subscription_id)
    first = subscription_of(subscription_id)
    end_term(shop, subscription_id)
    second = subscription_of(subscription_id)

    assert (first.state, first.term, first.billing_cycle) == ("active", "P1M", "monthly")
    assert first.unit_price.times(1) == second.unit_price.times(1) == expected
    assert end_of(shop, subscription_id).if_nothing == second.end_of_term == "bridge"
    assert [kind for kind, *_ in charges(subscription_id)] == ["activation", "renewal", "renewal"]
    assert next(one for one in second.allowed_actions if one.action == "cancel").enabled  # on any day


def test_a_provider_that_renews_late_is_waited_for(shop: Shop) -> None:
    subscription_id = shop.bought()
    last = end_of(shop, subscription_id).term_end
    shop.clock.move_to(datetime.combine(last + timedelta(days=1), time(3), UTC))  # the provider's own clock is behind

    begin_renewals("test/late")
    shop.transport.run_until_quiet()
    waiting = subscription_of(subscription_id)
    begin_renewals("test/later")
    move_to(shop, last + timedelta(days=1), time(9))
    shop.carry_on()

    assert waiting.valid_to == last
    assert subscription_of(subscription_id).valid_to > last  # type: ignore[operator]
    assert [kind for kind, *_ in charges(subscription_id)] == ["activation", "renewal"]


@pytest.mark.parametrize("number", range(5))
def test_a_renewal_survives_crashes_around_each_step(shop: Shop, number: int) -> None:
    subscription_id = shop.bought()
    last = end_of(shop, subscription_id).term_end
    move_to(shop, last + timedelta(days=1))
    begin_renewals("test/crash")

    dies_around(shop, renew_subscription.steps[number].action)
    shop.carry_on()

    assert [kind for kind, *_ in charges(subscription_id)] == ["activation", "renewal"]
    assert letters_to(shop) == [("owner@northwind.example", "subscription_renewed")]


def test_the_history_tells_all_of_it(shop: Shop) -> None:
    subscription_id = shop.bought()
    decide(shop, subscription_id, "bridge")
    end_term(shop, subscription_id)

    with services.db.begin_read() as session:
        past = queries.history_of(session, shop.scope, subscription_id).items
        kept = session.scalars(select(Decision).where(Decision.subscription_id == subscription_id)).all()

    assert [one.kind for one in past] == ["renewal", "provider", "decision", "change", "order"]
    assert past[0].amount is not None
    assert len(kept) == 2
