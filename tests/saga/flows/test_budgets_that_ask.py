"""An account whose owner wants to be asked beyond its limits: what passes them waits for a yes that knows it does."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domains import accounts, services
from domains.accounts import commands as account_commands
from domains.accounts.models import Account
from domains.kernel.errors import NotFound
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope
from domains.services import commands, queries
from saga import schedules
from saga.flows.change_quantity import change_quantity
from saga.flows.place_order import place_order
from tests.factories.services import EVERYBODY, a_line

from .seen import order_of, reservation, run_of, subscription_of
from .shop import PRO, Shop
from .test_approved_plans import a_bulk_plan, states_of, worked_off
from .waiting import approval_of, buyer, change, decide, limit, order, owner, signed_up


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop with an account that may commit 700 a month and asks beyond; nobody has a limit of their own."""
    signed_up(shop)
    asks_beyond(shop, "700")
    return shop


def asks_beyond(shop: Shop, budget: str | None, beyond: str = "ask", ceiling: str | None = None) -> None:
    wish: dict[str, Any] = {"beyond": beyond}
    for name, amount in (("budget", budget), ("commitment_limit", ceiling)):
        wish[name] = None if amount is None else Money.of(amount, "EUR")
    with accounts.db.begin() as session:
        account_commands.set_budget(
            session, scope=shop.scope, account_id=shop.account_id, expected_version=None, **wish
        )  # fmt: skip
    shop.transport.run_until_quiet()


def left(shop: Shop) -> tuple[bool | None, int | None]:
    """Whether orders are to be asked for, and what is left of the month, as services know it."""
    with services.db.begin_read() as session:
        account = queries.get_account(session, EVERYBODY, shop.account_id)
        return account.asks, account.budget_left


def test_an_order_beyond_the_budget_waits_with_that_reason_although_nobody_has_a_limit(shop: Shop) -> None:
    within, _ = order(shop, buyer(shop))
    beyond, asked = order(shop, buyer(shop), (20, PRO))

    assert (within.definition_version, run_of(within.id).status) == (1, "completed")
    assert (beyond.definition_version, run_of(beyond.id).waiting_for) == (3, "approval")
    assert order_of(asked.order_id).state == "awaiting_approval"
    assert approval_of(owner(shop), asked.approval.id).why == ("budget",)
    assert reservation(asked.reservation_id) is None


def test_a_yes_lets_it_pass_the_budget_and_only_it(shop: Shop) -> None:
    order(shop, buyer(shop))
    run, asked = order(shop, buyer(shop))

    decide(shop, "approve", owner(shop), asked.approval.id)

    assert run_of(run.id).status == "completed"
    assert reservation(asked.reservation_id) == ("confirmed", asked.reserve)
    again, _ = order(shop, buyer(shop))
    assert run_of(again.id).waiting_for == "approval"


def test_who_asks_is_told_before_sending_and_why(shop: Shop) -> None:
    limit(shop, "100.00")
    with services.db.begin() as session:
        wish: dict[str, Any] = {"account_id": shop.account_id, "lines": [a_line(session, 30, PRO)]}
        promise = commands.preview_order(session, scope=shop.scope, role="buyer", **wish)

    assert promise.why_ask == ("limit", "budget")


def test_what_may_be_owed_in_all_is_held_against_the_whole_commitment(shop: Shop) -> None:
    asks_beyond(shop, None, ceiling="5000")  # 20 seats cost 630 a month and 7560 in a year

    run, asked = order(shop, buyer(shop))

    assert run_of(run.id).waiting_for == "approval"
    assert approval_of(owner(shop), asked.approval.id).why == ("commitment",)


def test_more_seats_beyond_the_budget_wait_and_fewer_do_not(shop: Shop) -> None:
    subscription_id = shop.bought()
    run, asked = change(shop, change_quantity, buyer(shop), subscription_id, "change_quantity", quantity=30)
    waits = run_of(run.id).waiting_for
    decide(shop, "approve", owner(shop), asked.approval.id)
    fewer, _ = change(shop, change_quantity, buyer(shop), subscription_id, "change_quantity", quantity=29)

    assert (waits, asked.approval.why, run.definition_version) == ("approval", ("budget",), 3)
    assert (run_of(run.id).status, run_of(fewer.id).status) == ("completed", "completed")
    assert subscription_of(subscription_id).quantity == 29


def test_the_same_order_is_refused_or_passes_where_the_account_says_so(shop: Shop) -> None:
    order(shop, buyer(shop))
    for beyond, ends in (("block", "compensated"), ("warn", "completed")):
        asks_beyond(shop, "700", beyond)
        run, _ = order(shop, buyer(shop))
        assert (run.definition_version, run_of(run.id).status) == (1, ends)
        assert left(shop)[0] is False


def test_a_yes_to_passing_the_budget_does_not_pass_an_account_that_blocks_by_now(shop: Shop) -> None:
    order(shop, buyer(shop))
    run, asked = order(shop, buyer(shop))
    asks_beyond(shop, "700", "block")

    decide(shop, "approve", owner(shop), asked.approval.id)

    assert (run_of(run.id).status, (run_of(run.id).error or {})["code"]) == ("compensated", "budget_exceeded")


def test_a_yes_given_for_a_limit_alone_does_not_pass_a_budget_that_is_used_up_by_now(shop: Shop) -> None:
    limit(shop, "100.00")
    run, asked = order(shop, buyer(shop))
    order(shop, owner(shop))

    decide(shop, "approve", owner(shop), asked.approval.id)

    ended = run_of(run.id)
    assert asked.approval.why == ("limit",)
    assert (ended.status, (ended.error or {})["code"]) == ("compensated", "budget_exceeded")
    assert "Send it again" in (ended.error or {})["detail"]


def test_two_orders_of_the_same_second_do_not_both_take_what_is_left(shop: Shop) -> None:
    with services.db.begin_read() as session:  # both were looked at before either was held
        known = queries.get_account(session, EVERYBODY, shop.account_id).budget_left
    first, second = shop.an_order(), shop.an_order()
    runs = [shop.start(place_order, one) for one in (first, second)]
    shop.transport.run_until_quiet()

    assert known == 70_000
    assert sorted(run_of(run.id).status for run in runs) == ["compensated", "completed"]


def test_what_is_left_is_told_again_when_a_month_begins_and_only_when_it_is_another_thing(shop: Shop) -> None:
    asks_beyond(shop, "9000")
    with services.db.begin_read() as session:  # paid for a year in advance: months to come cost nothing
        wish = a_line(session, 20, PRO, term="P1Y", billing_cycle="annual")
        terms = queries.order_terms(session, shop.scope, account_id=shop.account_id, lines=[wish])
    shop.run(place_order, place_order.payload.of(terms, shop.caller))
    before = left(shop)
    shop.clock.advance(days=40)
    told = []
    for hour in ("a month later", "an hour later"):
        schedules.begin_standings(hour)
        shop.transport.run_until_quiet()
        with accounts.db.begin_read() as session:
            told.append((session.get_one(Account, shop.account_id).stands or {})["version"])

    assert before == (True, 900_000 - terms.reserve.minor)
    assert left(shop) == (True, 900_000)
    assert told[0] == told[1]


def test_older_news_of_what_is_left_are_skipped_and_an_unknown_account_is_left_alone(shop: Shop) -> None:
    facts: dict[str, Any] = {"asks": True, "commitment_left": None}
    with services.db.begin() as session:
        for account_id, version, amount in (
            (shop.account_id, 90, "5"), (shop.account_id, 89, "500"), (UUID(int=1), 1, "1"),
        ):  # fmt: skip
            commands.know_standing(
                session, account_id=account_id, version=version, budget_left=Money.of(amount, "EUR"), **facts
            )  # fmt: skip
    assert left(shop) == (True, 500)


@pytest.mark.slow
def test_rows_of_a_bulk_plan_that_pass_the_budget_together_ask_once_and_all_pass(shop: Shop) -> None:
    asks_beyond(shop, "1700")
    one, two = shop.bought(), shop.bought()
    plan_id, run, asked = a_bulk_plan(shop, (one, "change_quantity", "29"), (two, "change_quantity", "29"))

    decide(shop, "approve", owner(shop), asked.approval.id)
    worked_off(shop)

    assert asked.approval.why == ("budget",)
    assert states_of(plan_id) == ("done", [("done", None)] * 2)
    assert run_of(run.id).status == "completed"


def test_what_another_customer_asks_for_is_not_looked_up_in_this_account(shop: Shop) -> None:
    with services.db.begin_read() as session, pytest.raises(NotFound):
        queries.beyond_budget(
            session, Scope.customer(UUID(int=1)), shop.account_id, Money.of("9999", "EUR"), Money.of("9999", "EUR")
        )  # fmt: skip
