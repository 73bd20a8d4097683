"""An order from the customer's yes to the letter, and back again when it comes to nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domains import services
from domains.kernel import config, database
from domains.kernel.errors import Invalid
from domains.kernel.money import Money
from domains.services import commands
from domains.services.models import AccountRef
from domains.services.pricing import month_of
from saga.decide import ATTEMPTS
from saga.flows.place_order import place_order

from .crashes import dies, places_in, places_of
from .seen import charges, counts, end_of_order, order_of, run_of, sent, steps_of, subscription_of, tries, words_of
from .shop import CONNECTOR, PRO, Shop


def delivered(order: Any) -> dict[str, Any]:
    """How an order of one line ends when it goes well."""
    return {
        "run": "completed", "steps": ["done"] * 7, "order": "completed", "lines": ["accepted"],
        "subscriptions": [("active", 20, 20)], "held": ("confirmed", order.reserve),
        "letters": [("owner@northwind.example", "order_completed")],
        "charges": [[("activation", 20, order.charge_now)]],
        "known to support": [("order", "completed"), ("subscription", "active")],
        "orders at the provider": ["completed"],
    }  # fmt: skip


def taken_back(order: Any) -> dict[str, Any]:
    """How an order of one line ends when the provider says no."""
    return {
        "run": "compensated", "steps": ["undone", "undone", "refused", *["not_reached"] * 4], "order": "rejected",
        "lines": ["rejected"], "subscriptions": [("failed", 20, 0)], "held": ("released", order.reserve),
        "letters": [], "charges": [[]], "known to support": [("order", "rejected"), None], "orders at the provider": [],
    }  # fmt: skip


def test_an_order_is_delivered_charged_settled_and_told(shop: Shop) -> None:
    order = shop.an_order()

    run = shop.run(place_order, order)

    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)
    assert order.reserve > Money.zero("EUR") and order.charge_now > Money.zero("EUR")
    assert order_of(order.order_id).run_id == run.id


def test_a_clear_no_takes_everything_back_in_reverse_and_says_why(shop: Shop) -> None:
    shop.sandbox.fault("place_order", "reject", code="credit_blocked")
    order = shop.an_order()

    run = shop.run(place_order, order)

    assert end_of_order(run.id, order, shop.sandbox) == taken_back(order)
    assert sent(run.id, "C") == ["accounts.release_reservation", "services.discard_order"]
    said = run_of(run.id).error
    assert said and (said["code"], said["step"]) == ("credit_blocked", "services.send_order")
    assert len(said["detail"]) > 20
    assert order_of(order.order_id).error == {"code": said["code"], "detail": said["detail"]}
    assert [step.error and step.error["detail"] for step in steps_of(run.id)][2] == said["detail"]


def test_too_small_a_budget_is_a_no_before_the_provider_hears_of_it(shop: Shop) -> None:
    order = shop.an_order((300, PRO), (300, PRO))

    run = shop.run(place_order, order)

    end = end_of_order(run.id, order, shop.sandbox)
    assert (end["run"], end["held"], end["orders at the provider"]) == ("compensated", None, [])
    assert sent(run.id, "C") == ["services.discard_order"]
    said = run_of(run.id).error
    assert said and said["code"] == "budget_exceeded" and "9,000" in said["detail"].replace("9000", "9,000")


@pytest.mark.parametrize("silence", ["timeout_after_applying", "error_after_applying"])
def test_an_order_that_was_placed_without_an_answer_is_looked_up(shop: Shop, silence: str) -> None:
    shop.sandbox.fault("place_order", silence, count=1, seconds=0)
    order = shop.an_order()

    run = shop.run(place_order, order)
    waiting = run_of(run.id)
    shop.carry_on()

    assert (waiting.status, waiting.seq) == ("running", 2)
    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)
    assert tries(order.provider_operation_id) == 2


@pytest.mark.slow
def test_a_provider_that_hangs_is_given_up_and_asked_again(shop: Shop) -> None:
    shop.sandbox.fault("place_order", "timeout_after_applying", count=1, seconds=3)
    order = shop.an_order()

    run = shop.run(place_order, order)
    shop.carry_on()

    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)


@pytest.mark.parametrize("status", [404, 422])
def test_a_no_to_a_look_after_the_yes_is_no_answer_to_the_order(shop: Shop, status: int) -> None:
    shop.sandbox.fault("get_policy", "error", count=1, status=status, code="policy_unknown")
    order = shop.an_order()

    run = shop.run(place_order, order)
    shop.carry_on()

    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)


def test_what_the_provider_accepts_goes_on_and_the_rest_is_given_back(shop: Shop) -> None:
    shop.sandbox.fault("place_order", "partial")
    order = shop.an_order((20, PRO), (2, CONNECTOR))
    kept, lost = order.lines

    run = shop.run(place_order, order)

    end = end_of_order(run.id, order, shop.sandbox)
    assert (end["run"], end["order"], end["lines"]) == ("completed", "partially_completed", ["accepted", "rejected"])
    assert end["subscriptions"] == [("active", 20, 20), ("failed", 2, 0)]
    assert end["held"] == ("confirmed", kept.cycle_price)
    assert kept.cycle_price + lost.cycle_price == order.reserve
    assert end["charges"] == [[("activation", 20, kept.charge_now)], []]
    assert end["letters"] == [("owner@northwind.example", "order_partially_completed")]
    reason = subscription_of(lost.subscription_id).error
    assert reason and reason["code"] == "capacity_exceeded" and reason["detail"]


def test_an_order_that_the_provider_takes_its_time_for_waits_without_counting_tries(shop: Shop) -> None:
    shop.sandbox.fault("*", "stuck_pending")
    order = shop.an_order()

    run = shop.run(place_order, order)
    shop.carry_on(rounds=12)
    waiting = run_of(run.id)
    words, attempts = words_of(run.id), [step.attempts for step in steps_of(run.id)]
    shop.sandbox.control("DELETE", "faults")
    shop.carry_on()

    assert (waiting.status, waiting.waiting_for) == ("running", "provider")
    assert (words[2], attempts[2]) == ("waiting", 1)
    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)
    assert run_of(run.id).waiting_for is None


def test_a_provider_that_is_away_for_long_is_asked_until_it_is_back(shop: Shop) -> None:
    order, away = shop.an_order(), config.current()
    database.bind(replace(away, provider_url="http://127.0.0.1:9"))

    run = shop.run(place_order, order)
    shop.carry_on(rounds=ATTEMPTS + 1)
    doubtful = run_of(run.id)
    database.bind(away)
    shop.carry_on()

    assert (doubtful.status, doubtful.attention) == ("needs_attention", "in_doubt")
    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)
    assert run_of(run.id).attention is None


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    order = shop.an_order()

    run = shop.start(place_order, order)
    shop.work_off_doubled()

    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)


def test_commands_and_replies_of_a_refused_order_may_come_again_too(shop: Shop) -> None:
    shop.sandbox.fault("place_order", "reject", count=1)  # asked a second time, the provider would say yes
    order = shop.an_order()

    run = shop.start(place_order, order)
    shop.work_off_doubled()

    assert end_of_order(run.id, order, shop.sandbox) == taken_back(order)


def test_the_same_request_again_is_the_same_order(shop: Shop) -> None:
    first, second = shop.an_order(), shop.an_order()

    one = shop.run(place_order, first, key="k", digest="d")
    again = shop.run(place_order, second, key="k", digest="d")

    assert (again.id, again.replayed, one.replayed) == (one.id, True, False)
    assert counts()["orders"] == 1
    with pytest.raises(Invalid) as refused:
        shop.start(place_order, second, key="k", digest="another")
    assert refused.value.code == "idempotency_key_reused"
    assert counts()["orders"] == 1


def test_an_account_that_was_closed_meanwhile_orders_nothing(shop: Shop) -> None:
    order = shop.an_order()
    with services.db.begin() as session:
        commands.know_account(session, account_id=shop.account_id, version=99, facts={"status": "closed"})

    run = shop.run(place_order, order)

    assert (run_of(run.id).status, words_of(run.id)[0]) == ("compensated", "refused")
    assert counts() == {"orders": 0, "changes": 0, "reservations": 0, "charges": 0}
    assert charges(order.lines[0].subscription_id) == []


@pytest.mark.parametrize("hour", [0, 8, 23])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Australia/Sydney"])
def test_the_promised_days_are_the_delivered_ones_on_either_side_of_midnight(shop: Shop, zone: str, hour: int) -> None:
    with services.db.begin() as session:
        session.get_one(AccountRef, shop.account_id).time_zone = zone
    here = shop.clock.now.astimezone(ZoneInfo(zone)).replace(hour=hour, minute=30)
    later = here if here > shop.clock.now else here + timedelta(days=1)
    shop.sandbox.control("POST", "clock/advance", to=later.isoformat())
    shop.clock.move_to(later.astimezone(UTC))

    order = shop.an_order()
    shop.run(place_order, order)
    held = subscription_of(order.lines[0].subscription_id)

    assert (order.effective_on, held.state) == (later.date(), "active")
    assert held.valid_to == order.lines[0].valid_to
    assert order.lines[0].charged_until == min(held.valid_to, month_of(later.date())[1] - timedelta(days=1))


@pytest.mark.slow
@pytest.mark.parametrize(
    "place", [*places_of(place_order), "services.send_order.calling", "services.send_order.called"]
)
def test_an_order_survives_a_crash_anywhere(shop: Shop, place: str) -> None:
    order = shop.an_order()
    run = shop.start(place_order, order)

    assert dies(shop.transport, place)
    shop.carry_on()

    assert end_of_order(run.id, order, shop.sandbox) == delivered(order)


UNDONE = [f"coordinator.{when}_commit:{nth}" for nth in (3, 4, 5) for when in ("before", "after")]
UNDONE += [place for step in place_order.steps[:2] for place in places_in(step.compensation)]


@pytest.mark.slow
@pytest.mark.parametrize("place", UNDONE)
def test_an_order_that_is_taken_back_survives_a_crash_anywhere(shop: Shop, place: str) -> None:
    shop.sandbox.fault("place_order", "reject")
    order = shop.an_order()
    run = shop.start(place_order, order)

    assert dies(shop.transport, place)
    shop.carry_on()

    assert end_of_order(run.id, order, shop.sandbox) == taken_back(order)
