"""An account is closed everywhere, or it stays open everywhere and somebody is told what still runs in it."""

from __future__ import annotations

from typing import Any

import pytest

from domains import accounts, services
from domains.accounts import queries as account_queries
from domains.services.models import AccountRef
from saga.flows.close_account import close_account
from saga.flows.place_order import place_order
from saga.payloads.account import CloseAccount
from tests.factories.services import EVERYBODY

from .crashes import dies_around
from .seen import letters, reference, run_of, words_of
from .shop import Shop


def closing(shop: Shop, version: int | None = None) -> CloseAccount:
    with accounts.db.begin_read() as session:
        account = account_queries.get(session, EVERYBODY, shop.account_id)
    return CloseAccount.of(account, shop.caller, version)


def known_of(shop: Shop) -> dict[str, Any]:
    with accounts.db.begin_read() as session:
        account = account_queries.get(session, EVERYBODY, shop.account_id)
    with services.db.begin_read() as session:
        orders = session.get_one(AccountRef, shop.account_id).status
    about = reference(shop.account_id)
    return {"account": account.status, "orders": orders, "support": about and about[1]}


def test_an_account_in_which_nothing_runs_is_closed_everywhere(shop: Shop) -> None:
    payload = closing(shop)

    run = shop.run(close_account, payload)

    assert words_of(run.id) == ["done"] * 4
    assert known_of(shop) == {"account": "closed", "orders": "closed", "support": "closed"}
    assert letters(payload.delivery_id) == [("owner@northwind.example", "account_closed")]


def test_an_account_with_something_running_stays_open_and_says_how_much(shop: Shop) -> None:
    shop.bought()

    run = shop.run(close_account, closing(shop))

    said = run_of(run.id).error
    assert said and said["code"] == "account_in_use" and "1 subscriptions" in said["detail"]
    assert known_of(shop) == {"account": "active", "orders": "active", "support": "active"}


def test_an_order_that_comes_after_the_closing_has_begun_comes_to_nothing(shop: Shop) -> None:
    order = shop.an_order()
    shop.run(close_account, closing(shop))

    run = shop.run(place_order, order)

    assert run_of(run.id).status == "compensated"
    assert known_of(shop)["account"] == "closed"


def test_an_account_is_not_closed_twice_nor_unseen(shop: Shop) -> None:
    seen = closing(shop, version=99)

    run = shop.run(close_account, seen)

    said = run_of(run.id).error
    assert said and said["code"] == "version_conflict"
    assert known_of(shop)["account"] == "active"


@pytest.mark.slow
def test_a_closing_survives_crashes_around_every_step(shop: Shop) -> None:
    run = shop.start(close_account, closing(shop))

    for step in close_account.steps:
        dies_around(shop, step.action)
    shop.carry_on()

    assert run_of(run.id).status == "completed"
    assert known_of(shop) == {"account": "closed", "orders": "closed", "support": "closed"}
