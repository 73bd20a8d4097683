"""What was done directly at the provider is adopted, undone, made a case, or left: once, and charged to the day."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from domains import accounts, services, support
from domains.accounts.models import Commitment
from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Invalid
from domains.kernel.money import Money, UnitPrice
from domains.services import commands, queries
from domains.services.models import Drift
from domains.services.pricing import STANDARD, Rule
from domains.support import queries as cases
from saga.flows.change_quantity import change_quantity
from saga.flows.open_account import open_account
from saga.payloads.drift import SettleDrift
from saga.reconciling import SETTLING
from tests.factories.services import EVERYBODY

from .crashes import dies_around
from .directly import buys_directly, charged, compared, directly, drift_of, facts, settled, standing
from .seen import run_of, subscription_of, words_of
from .shop import PRO, Shop

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop with an account of its own: the provider is the same for all tests, and remembers the others' doings."""
    found, account = copy.copy(shop), shop.an_account(f"Account {new_id()}")
    found.run(open_account, account)
    found.account_id = account.account_id
    return found


def test_units_bought_there_are_adopted_and_charged_from_the_day_they_were_bought(shop: Shop) -> None:
    subscription_id = shop.bought()
    before = charged(subscription_id)
    with services.db.begin_read() as session:
        wish = {"subscription_id": subscription_id, "action": "change_quantity", "quantity": 27}
        promised = queries.change_terms(session, shop.scope, **wish).charge_now
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)

    run = settled(shop, found, "adopt")

    held = subscription_of(subscription_id)
    assert (run.status, words_of(run.id)) == ("completed", ["done"] * 4)
    assert (held.quantity, sum(lot.quantity for lot in held.lots), held.open_change_id) == (27, 27, None)
    assert charged(subscription_id) == [*before, ("change_quantity", 7, promised)]
    assert (drift_of(found.id).state, compared(shop)) == ("adopted", [])


def test_the_cost_that_is_shown_is_the_cost_that_is_charged(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    buys_directly(shop)
    shown = {one.kind: queries_cost(one) for one in compared(shop)}

    for one in standing():
        settled(shop, one, "adopt")

    with services.db.begin_read() as session:
        new = session.scalars(select(Drift).where(Drift.kind == "new")).one().subscription_id
    assert charged(subscription_id)[-1][2] == shown["changed"]
    assert sum((amount for *_, amount in charged(new)), Money.zero("EUR")) == shown["new"]


def queries_cost(drift: Drift) -> Money | None:
    with services.db.begin_read() as session:
        return queries.get_drift(session, EVERYBODY, drift.id).adoption_cost


@pytest.mark.parametrize(
    ("what", "after", "kind", "units"),
    [
        ({"kind": "change_quantity", "quantity": 12}, ("active", 12), "change_quantity", -8),
        ({"kind": "cancel"}, ("canceled", 20), "cancel", 20),
    ],
    ids=["fewer", "canceled"],
)
def test_what_went_back_there_is_adopted_and_given_back_as_the_provider_gives_it_back(
    shop: Shop, what: Any, after: tuple[str, int], kind: str, units: int
) -> None:
    subscription_id = shop.bought()
    first = charged(subscription_id)[0][2]
    directly(shop, subscription_id, **what)
    (found,) = compared(shop)

    settled(shop, found, "adopt")

    held = subscription_of(subscription_id)
    back = charged(subscription_id)[-1]
    assert (held.state, held.quantity) == after
    assert (back[0], back[1]) == (kind, units)
    assert back[2] == -Money.of(first.amount * abs(units) / 20, "EUR")


def test_what_was_bought_there_becomes_a_subscription_of_ours_at_our_price(shop: Shop) -> None:
    over_there = buys_directly(shop)
    (found,) = compared(shop)

    run = settled(shop, found, "adopt")

    held = subscription_of(found.subscription_id)
    assert run.status == "completed"
    assert (held.provider_subscription_id, held.quantity, held.state, held.term) == (over_there, 5, "active", "P1Y")
    assert held.number.startswith("SUB-") and held.unit_price.amount > 0
    assert [(kind, count) for kind, count, _ in charged(held.id)] == [("activation", 5)]
    assert compared(shop) == []
    with accounts.db.begin_read() as session:
        bound = session.get_one(Commitment, held.id)
    assert (bound.cycle_minor, bound.valid_to) == (held.unit_price.times(5).minor, held.valid_to)  # budgets count it


@pytest.mark.parametrize(
    ("what", "after"),
    [
        ({"kind": "change_quantity", "quantity": 27}, 20),
        ({"kind": "change_quantity", "quantity": 12}, 20),
    ],
)
def test_what_was_done_there_is_undone_there_where_the_rules_allow_it(shop: Shop, what: Any, after: int) -> None:
    subscription_id = shop.bought()
    before = charged(subscription_id)
    directly(shop, subscription_id, **what)
    (found,) = compared(shop)

    run = settled(shop, found, "revert")

    over_there = shop.sandbox.get(f"subscriptions/{subscription_of(subscription_id).provider_subscription_id}")
    assert (run.status, over_there["quantity"], drift_of(found.id).state) == ("completed", after, "reverted")
    assert (charged(subscription_id), compared(shop)) == (before, [])


def test_what_was_bought_there_is_undone_by_cancelling_it_in_its_window(shop: Shop) -> None:
    over_there = buys_directly(shop)
    (found,) = compared(shop)

    settled(shop, found, "revert")

    assert shop.sandbox.get(f"subscriptions/{over_there}")["status"] == "canceled"
    assert (drift_of(found.id).state, compared(shop)) == ("reverted", [])


def test_what_the_provider_does_not_undo_stays_open_and_says_why(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)
    shop.sandbox.fault("change", "reject", code="not_allowed_now")

    run = settled(shop, found, "revert")

    left = drift_of(found.id)
    assert (run.status, left.state, left.error_code) == ("compensated", "open", "not_allowed_now")
    assert subscription_of(subscription_id).open_change_id is None


def test_what_has_ended_there_cannot_be_undone(shop: Shop) -> None:
    directly(shop, shop.bought(), kind="cancel")
    (found,) = compared(shop)

    with pytest.raises(Exception, match="order it anew"):
        commands.check_decision(found, "revert", None)


def test_a_case_carries_the_evidence_and_stands_until_the_difference_is_gone(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)

    run = settled(shop, found, "case", "We did not do this.")

    left = drift_of(found.id)
    with support.db.begin_read() as session:
        case = cases.get(session, EVERYBODY, left.case_id or UUID(int=0))
        links = {link.kind for link in cases.links_of(session, EVERYBODY, case.id)}
    assert (run.status, left.state, left.ended_at) == ("completed", "case_opened", None)
    assert "We did not do this." in case.description and "quantity: 20 with us, 27 at the provider" in case.description
    assert links == {"subscription", "account"}
    assert [one.state for one in compared(shop)] == ["case_opened"]


def test_what_is_left_as_it_is_needs_a_reason_and_comes_up_again_only_when_it_changes(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)
    with pytest.raises(Invalid, match="Say why"):
        commands.check_decision(found, "ignore", " ")

    settled(shop, found, "ignore", "A test of theirs.")
    (same,) = compared(shop)
    directly(shop, subscription_id, kind="change_quantity", quantity=28)
    (other,) = compared(shop)

    assert (same.state, other.id, other.state) == ("ignored", found.id, "open")


def test_two_decisions_are_one_and_the_second_is_told(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)
    both = [SettleDrift.of(found, "adopt", None, shop.caller, found.version) for _ in range(2)]

    runs = [shop.start(SETTLING["adopt"], one) for one in both]
    shop.carry_on()

    ends = sorted(run_of(run.id).status for run in runs)
    assert ends == ["compensated", "completed"]
    assert [kind for kind, *_ in charged(subscription_id)] == ["activation", "change_quantity"]


def test_while_a_change_is_open_a_decision_waits_and_then_conflicts(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="suspend")
    (found,) = compared(shop)
    change = shop.a_change(change_quantity, subscription_id, "change_quantity", quantity=25)
    shop.start(change_quantity, change)
    shop.transport.perform_next()

    with_it = SettleDrift.of(found, "adopt", None, shop.caller, found.version)
    run = shop.start(SETTLING["adopt"], with_it)
    shop.transport.perform_next()
    waiting = run_of(run.id).status
    shop.carry_on()

    assert waiting == "running"
    assert run_of(run.id).is_final
    assert drift_of(found.id).state in ("open", "adopted")


def test_a_difference_that_has_changed_again_is_not_adopted_as_it_was(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)
    directly(shop, subscription_id, kind="change_quantity", quantity=30)

    run = settled(shop, found, "adopt")

    assert (run.status, (run.error or {})["code"]) == ("compensated", "drift_changed")
    assert (subscription_of(subscription_id).quantity, len(charged(subscription_id))) == (20, 1)
    (other,) = compared(shop)
    assert facts(other) == {"quantity": ("20", "30")}


@pytest.mark.parametrize("number", range(4))
def test_an_adoption_survives_crashes_around_each_step(shop: Shop, number: int) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)
    run = shop.start(SETTLING["adopt"], SettleDrift.of(found, "adopt", None, shop.caller, found.version))

    dies_around(shop, SETTLING["adopt"].steps[number].action)
    shop.carry_on()

    assert run_of(run.id).status == "completed"
    assert [kind for kind, *_ in charged(subscription_id)] == ["activation", "change_quantity"]


def test_commands_and_replies_that_come_again_change_nothing(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)

    shop.start(SETTLING["adopt"], SettleDrift.of(found, "adopt", None, shop.caller, found.version))
    shop.work_off_doubled()

    assert subscription_of(subscription_id).quantity == 27
    assert [kind for kind, *_ in charged(subscription_id)] == ["activation", "change_quantity"]


def test_a_stale_decision_is_a_conflict(shop: Shop) -> None:
    directly(shop, shop.bought(), kind="suspend")
    (found,) = compared(shop)

    with pytest.raises(Conflict):
        commands.check_decision(found, "adopt", None, found.version - 1)


def test_what_was_bought_there_has_the_price_of_as_many_units(shop: Shop) -> None:
    twenty = UnitPrice(Decimal(20), "EUR")
    tier = Rule("offer", PRO, term="P1Y", billing_cycle="monthly", unit_price=twenty, min_quantity=50)
    with services.db.begin() as session:
        commands.set_price_book(session, name="Standard 2026", rules=[*STANDARD, tier])
    buys_directly(shop, 60)
    (found,) = compared(shop)

    settled(shop, found, "adopt")

    adopted = drift_of(found.id).subscription_id
    assert adopted and subscription_of(adopted).unit_price == twenty
