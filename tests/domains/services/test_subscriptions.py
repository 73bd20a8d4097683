"""Subscriptions as they are found, seen and looked at."""

from __future__ import annotations

from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.errors import NotFound
from domains.services import commands, db, queries
from domains.services.pricing import ChangeTerms
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    a_running,
    begin,
    change_of,
    on,
    outcome,
    somebody_else,
)


def test_a_look_takes_over_what_was_done_at_the_provider(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        commands.apply_look(session, subscription_id=held.id, look=outcome(session, held, quantity=7))
        told = [row.type for row in session.execute(db.outbox.select().order_by(db.outbox.c.position))]
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert (view.quantity, told[-1]) == (7, "services.SubscriptionChanged")


def test_a_look_that_finds_nothing_new_changes_nothing(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        first = outcome(session, held)
        commands.apply_look(session, subscription_id=held.id, look=first)
        version = held.version
        commands.apply_look(session, subscription_id=held.id, look=first)

        assert held.version == version


def test_a_look_that_is_older_than_a_change_does_not_undo_it(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        earlier = outcome(session, held, quantity=7, provider_version=2)
        commands.apply_look(
            session, subscription_id=held.id, look=outcome(session, held, quantity=30, provider_version=3)
        )
        commands.apply_look(session, subscription_id=held.id, look=earlier)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert view.quantity == 30


def test_a_state_we_do_not_know_is_kept_and_a_lost_subscription_is_unknown(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        look = outcome(session, held, state="unknown", raw_state="quarantined")
        commands.apply_look(session, subscription_id=held.id, look=look)
        strange = queries.list_subscriptions(session, EVERYBODY).items[0]
        commands.apply_look(session, subscription_id=held.id, look=None)
        lost = queries.get_subscription(session, EVERYBODY, held.id)
        commands.apply_look(session, subscription_id=new_id(), look=None)

    assert (strange.state, strange.raw_state) == ("unknown", "quarantined")
    assert (lost.state, lost.raw_state) == ("unknown", "not_found")


def test_a_look_waits_while_a_change_of_ours_is_under_way(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        begin(session, change_of(session, held, "change_quantity", quantity=25))
        commands.apply_look(session, subscription_id=held.id, look=outcome(session, held, quantity=7))

        assert held.quantity == 20


def test_another_customers_subscription_is_not_found(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)

        for query in (queries.get_subscription, queries.list_changes):
            with pytest.raises(NotFound):
                query(session, somebody_else(), held.id)
        with pytest.raises(NotFound):
            queries.change_terms(session, somebody_else(), subscription_id=held.id, action="cancel")
        with pytest.raises(NotFound):
            begin(session, terms, customer_id=new_id())
        assert queries.list_subscriptions(session, somebody_else()).items == []
        assert queries.count_by_state(session, somebody_else()) == {}


def test_subscriptions_are_found_by_what_people_know_of_them(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        mine = type(EVERYBODY).customer(held.customer_id)

        def found(**asked: Any) -> int:
            return len(queries.list_subscriptions(session, mine, **asked).items)

        assert found(q="analytics") == found(q="sub-2026-000001") == found(q="TAILSPIN") == found(q=str(held.id)) == 1
        assert found(q="100%") == found(state="canceled") == found(account_id=new_id()) == 0
        assert found(valid_to_before=on("2027-03-09")) == 0
        assert found(valid_to_before=on("2027-03-10")) == 1
        assert queries.count_by_state(session, mine) == {"active": 1}


def test_change_terms_hold_no_purchase_prices(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)

    assert isinstance(terms, ChangeTerms)
    assert "25.2" not in str(terms)
