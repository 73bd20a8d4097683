"""What a customer does directly at the provider is found once, and adopted without asking where a rule says so."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from domains import services
from domains.kernel.database import new_id
from domains.services import commands, queries
from domains.services.providers import Hint
from saga.flows.change_quantity import change_quantity
from saga.flows.open_account import open_account
from saga.reconciling import begin_adoptions, begin_comparisons, begin_hinted
from tests.factories.services import EVERYBODY

from .directly import buys_directly, charged, compared, directly, drift_of, facts, standing
from .seen import changes_of, run_of, subscription_of
from .shop import Shop

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop with an account of its own: the provider is the same for all tests, and remembers the others' doings."""
    found, account = copy.copy(shop), shop.an_account(f"Account {new_id()}")
    found.run(open_account, account)
    found.account_id = account.account_id
    return found


@pytest.mark.parametrize(
    ("what", "kind", "field", "theirs"),
    [
        ({"kind": "change_quantity", "quantity": 27}, "changed", "quantity", "27"),
        ({"kind": "change_quantity", "quantity": 12}, "changed", "quantity", "12"),
        ({"kind": "suspend"}, "changed", "state", "suspended"),
        ({"kind": "cancel"}, "canceled", "state", "canceled"),
        ({"kind": "cancel", "mode": "end_of_term"}, "changed", "auto_renew", "no"),
        ({"kind": "set_status", "status": "hibernating"}, "changed", "state", "unknown:hibernating"),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) else None,
)
def test_what_was_done_there_is_found_once_and_nothing_of_ours_moves(
    shop: Shop, what: Any, kind: str, field: str, theirs: str
) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, **what)

    (found,) = compared(shop)
    (again,) = compared(shop)

    assert (found.kind, facts(found)[field][1], found.state) == (kind, theirs, "open")
    assert (again.id, again.version) == (found.id, found.version)
    held = subscription_of(subscription_id)
    assert (held.state, held.quantity, held.auto_renew) == ("active", 20, True)


def test_a_subscription_bought_there_is_found_and_an_order_of_ours_is_not(shop: Shop) -> None:
    shop.bought()
    over_there = buys_directly(shop)

    (found,) = compared(shop)

    assert (found.kind, found.provider_subscription_id, found.number) == ("new", over_there, None)
    assert facts(found)["quantity"] == (None, "5")


def test_a_difference_that_is_gone_closes_itself_and_another_one_opens_the_row_again(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    (found,) = compared(shop)
    directly(shop, subscription_id, kind="change_quantity", quantity=20)

    assert compared(shop) == []
    assert drift_of(found.id).state == "vanished"
    directly(shop, subscription_id, kind="change_quantity", quantity=25)
    (other,) = compared(shop)
    assert (other.id != found.id, facts(other)) == (True, {"quantity": ("20", "25")})


def test_what_a_change_of_ours_is_about_to_do_is_no_drift(shop: Shop) -> None:
    subscription_id = shop.bought()
    shop.sandbox.control("PUT", "settings", change_seconds=600)
    change = shop.a_change(change_quantity, subscription_id, "change_quantity", quantity=25)
    shop.run(change_quantity, change)

    found = compared(shop)

    assert (found, subscription_of(subscription_id).open_change_id) == ([], change.change_id)
    shop.sandbox.control("POST", "clock/advance", seconds=600)


def test_a_change_of_ours_that_meets_one_of_theirs_leaves_it_to_a_person(shop: Shop) -> None:
    subscription_id = shop.bought()
    directly(shop, subscription_id, kind="change_quantity", quantity=27)
    change = shop.a_change(change_quantity, subscription_id, "change_quantity", quantity=25)

    run = shop.run(change_quantity, change)

    assert (run_of(run.id).error or {})["code"] == "changed_at_provider"
    assert [facts(one) for one in standing()] == [{"quantity": ("20", "27")}]
    assert (subscription_of(subscription_id).quantity, changes_of(subscription_id)) == (
        20, [("change_quantity", "refused")],
    )  # fmt: skip


def with_rule(shop: Shop, rule: str) -> None:
    with services.db.begin() as session:
        account = queries.get_account(session, EVERYBODY, shop.account_id)
        commands.set_rule(session, account=account, rule=rule)


@pytest.mark.parametrize(("rule", "left"), [("nothing", 3), ("increases", 2), ("all", 1)])
def test_an_accounts_rule_adopts_what_it_covers_and_never_what_has_ended(shop: Shop, rule: str, left: int) -> None:
    more, ended = shop.bought(), shop.bought()
    directly(shop, more, kind="change_quantity", quantity=27)
    directly(shop, ended, kind="cancel")
    buys_directly(shop)
    with_rule(shop, rule)
    compared(shop)

    begin_adoptions("adopt-by-rule/1")
    begin_adoptions("adopt-by-rule/2")
    shop.carry_on()

    assert len(standing()) == left
    assert "canceled" in {one.kind for one in standing()}
    assert len(charged(more)) == (1 if rule == "nothing" else 2)


def test_each_account_is_compared_once_a_day(shop: Shop) -> None:
    first = begin_comparisons("compare/1")
    runs = len(shop.transport.commands)
    begin_comparisons("compare/2")
    at_once = len(shop.transport.commands)
    shop.transport.run_until_quiet()
    later = begin_comparisons("compare/3")
    shop.clock.move_to(shop.clock.now + timedelta(hours=25))
    next_day = begin_comparisons("compare/4")
    shop.transport.run_until_quiet()

    assert [len(list(one)) for one in (first, later, next_day)] == [2, 0, 2]  # type: ignore[call-overload]
    assert (runs, at_once) == (2, 2)


def test_an_account_that_a_provider_hints_at_is_compared_once(shop: Shop) -> None:
    buys_directly(shop)
    hint = Hint("subscription.created", None, str(shop.account_id), shop.clock.now)
    with services.db.begin() as session:
        commands.note_hints(session, provider="sandbox", hints=[hint])

    begun = [begin_hinted("1"), begin_hinted("2")]
    shop.transport.run_until_quiet()

    assert [len(list(one)) for one in begun] == [1, 0]  # type: ignore[call-overload]
    assert [one.kind for one in standing()] == ["new"]
