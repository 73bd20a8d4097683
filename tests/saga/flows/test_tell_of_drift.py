"""Owners are told each morning of what waits in the drift inbox: once, and only while something waits."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from domains import notifications, users
from domains.kernel.database import new_id
from domains.notifications.models import Delivery
from domains.users import commands as user_commands
from saga.ends import begin_digests
from saga.flows.open_account import open_account

from .directly import compared, directly, settled
from .ends import at_work as at_work
from .shop import Shop

HERE = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop with an account of its own, at a provider that no other test has touched."""
    found, account = copy.copy(shop), shop.an_account(f"Account {new_id()}")
    found.run(open_account, account)
    found.account_id = account.account_id
    return found


def letters() -> list[Any]:
    with notifications.db.begin_read() as session:
        query = select(Delivery).where(Delivery.template == "drift_digest").order_by(Delivery.id)
        return list(session.scalars(query))


def at(shop: Shop, days: int, hour: int) -> list[str]:
    """Let the scheduler look twice at an hour of a later day where the account is; gives whom it has written to."""
    before = len(letters())
    day = shop.opened_at.astimezone(HERE).date() + timedelta(days=days)
    shop.clock.move_to(datetime(day.year, day.month, day.day, hour, 30, tzinfo=HERE))
    for again in range(2):
        begin_digests(f"{days}/{hour}/{again}")
        shop.transport.run_until_quiet()
    return [one.recipient for one in letters()[before:]]


@pytest.mark.slow
def test_owners_are_told_once_each_morning_while_something_waits(shop: Shop) -> None:
    subscription_id = shop.bought()
    quiet = at(shop, 1, 8)
    directly(shop, subscription_id, kind="change_quantity", quantity=25)
    (drift,) = compared(shop)

    sent = {(day, hour): at(shop, day, hour) for day, hour in ((2, 7), (2, 8), (2, 9), (2, 10), (3, 9))}
    letter = letters()[-1]
    settled(shop, drift, "ignore", "It is known")
    after = at(shop, 4, 8)

    owner = ["owner@northwind.example"]
    assert quiet == after == []
    assert sent == {(2, 7): [], (2, 8): owner, (2, 9): [], (2, 10): [], (3, 9): owner}
    assert letter.subject == "Done directly at the provider: 1 to decide"
    assert ", Analytics Pro, SUB-" in letter.body and "/drift" in letter.body


@pytest.mark.slow
def test_who_has_switched_it_off_is_not_told(shop: Shop) -> None:
    directly(shop, shop.bought(), kind="change_quantity", quantity=25)
    compared(shop)
    with users.db.begin() as session:
        user_commands.update_preferences(session, user_id=UUID(shop.caller.actor.id), drift_mail="never")
    off = at(shop, 2, 8)
    with users.db.begin() as session:
        user_commands.update_preferences(session, user_id=UUID(shop.caller.actor.id), drift_mail="daily")

    assert off == []
    assert at(shop, 3, 8) == ["owner@northwind.example"]
