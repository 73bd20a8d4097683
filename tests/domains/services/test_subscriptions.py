"""Subscriptions as they are found, seen and looked at."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
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


def test_what_was_done_at_the_provider_is_kept_for_a_person_and_nothing_of_ours_moves(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        commands.apply_look(session, subscription_id=held.id, look=outcome(session, held, quantity=7))
        view = queries.get_subscription(session, EVERYBODY, held.id)
        (found,) = queries.list_drift(session, EVERYBODY).items

    assert (view.quantity, found.kind, found.state) == (20, "changed", "open")
    assert [(one.field, one.ours, one.theirs) for one in found.differences] == [("quantity", "20", "7")]


def test_what_the_calendar_does_is_taken_over_by_itself(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        clock.move_to(datetime.combine(held.valid_to + timedelta(days=1), time(9), UTC))
        renewed = outcome(session, held, valid_to=held.valid_to + timedelta(days=365))
        commands.apply_look(session, subscription_id=held.id, look=renewed)
        told = [row.type for row in session.execute(db.outbox.select().order_by(db.outbox.c.position))]
        view = queries.get_subscription(session, EVERYBODY, held.id)
        nothing = queries.list_drift(session, EVERYBODY).items

    assert (view.valid_to, told[-1], nothing) == (renewed.valid_to, "services.SubscriptionChanged", [])


def test_an_end_that_was_known_is_taken_over_by_itself(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        clock.move_to(datetime.combine(held.valid_to + timedelta(days=1), time(9), UTC))
        over = outcome(session, held, state="expired", raw_state="expired", auto_renew=False)
        commands.apply_look(session, subscription_id=held.id, look=over)

        assert (held.state, queries.list_drift(session, EVERYBODY).items) == ("expired", [])


def test_a_look_that_finds_nothing_new_changes_nothing(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        first = outcome(session, held)
        commands.apply_look(session, subscription_id=held.id, look=first)
        version = held.version
        commands.apply_look(session, subscription_id=held.id, look=first)

        assert held.version == version


def test_a_look_that_is_older_than_what_we_know_says_nothing(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        earlier = outcome(session, held, quantity=7, provider_version=2)
        newer = outcome(session, held, quantity=30, provider_version=3)
        commands.apply_look(session, subscription_id=held.id, look=newer)
        commands.apply_look(session, subscription_id=held.id, look=earlier)
        (found,) = queries.list_drift(session, EVERYBODY).items

    assert found.differences[0].theirs == "30"


def test_a_state_we_do_not_know_and_a_lost_subscription_are_shown_in_one_row(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        look = outcome(session, held, state="unknown", raw_state="quarantined")
        commands.apply_look(session, subscription_id=held.id, look=look)
        (strange,) = queries.list_drift(session, EVERYBODY).items
        commands.apply_look(session, subscription_id=held.id, look=None)
        (lost,) = queries.list_drift(session, EVERYBODY).items
        commands.apply_look(session, subscription_id=new_id(), look=None)

    assert [(one.field, one.theirs) for one in strange.differences] == [("state", "unknown:quarantined")]
    assert (lost.id, lost.kind, lost.differences[0].theirs) == (strange.id, "gone", None)
    assert held.state == "active"


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
