"""Changes: one at a time, applied or abandoned, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domains.kernel.config import Settings
from domains.kernel.errors import Conflict, Locked, Refused
from domains.services import commands, db, queries
from domains.services.lots import Lot
from tests.conftest import Clock
from tests.factories.services import (
    EVERYBODY,
    a_running,
    begin,
    change_of,
    on,
    outcome,
)

LATER = on("2027-04-30")


def test_one_change_at_a_time(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        first, second = (change_of(session, held, "change_quantity", quantity=n) for n in (25, 30))
        begin(session, first)
        begin(session, first)
        with pytest.raises(Locked) as no:  # it is waited for
            begin(session, second)
        view = queries.get_subscription(session, EVERYBODY, held.id)

    assert no.value.refusal.code == "change_in_progress"
    assert view.open_change_id == first.change_id
    assert {action.reason_code for action in view.allowed_actions} == {"change_in_progress"}


def test_a_change_of_what_has_changed_since_is_a_conflict(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)
        with pytest.raises(Conflict) as no:
            begin(session, terms, expected_version=terms.subscription_version - 1)
        begin(session, terms, expected_version=terms.subscription_version)

    assert no.value.code == "version_conflict"


@pytest.mark.parametrize(
    ("action", "wish"),
    [("change_quantity", {"quantity": 30}), ("cancel", {"mode": "now"}), ("extend", {"valid_to": LATER})],
)
def test_what_was_priced_for_another_quantity_is_not_begun(
    databases: Settings, clock: Clock, action: str, wish: dict[str, Any]
) -> None:
    with db.begin() as session:
        held = a_running(session)
        late = change_of(session, held, action, **wish)  # by a program that sends no version
        first = change_of(session, held, "change_quantity", quantity=25)
        begin(session, first)
        commands.apply_change(session, change_id=first.change_id, outcome=outcome(session, held, quantity=25))
        with pytest.raises(Conflict) as no:
            begin(session, late)

    assert no.value.code == "version_conflict"
    assert held.open_change_id is None


def test_what_was_priced_for_another_last_day_is_not_begun(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        late = change_of(session, held, "cancel", mode="now")
        longer = change_of(session, held, "extend", valid_to=LATER)
        begin(session, longer)
        commands.apply_change(session, change_id=longer.change_id, outcome=outcome(session, held, valid_to=LATER))
        with pytest.raises(Conflict):
            begin(session, late)


def test_an_applied_change_lets_the_subscription_go(databases: Settings, clock: Clock) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "change_quantity", quantity=25)
        begin(session, terms)
        now = clock.now
        lots = (Lot(20, now, now + timedelta(days=7)), Lot(5, now + timedelta(hours=1), now + timedelta(days=8)))
        answer = outcome(session, held, quantity=25, lots=lots)
        commands.apply_change(session, change_id=terms.change_id, outcome=answer)
        commands.apply_change(session, change_id=terms.change_id, outcome=replace(answer, quantity=99))
        view = queries.get_subscription(session, EVERYBODY, held.id)
        change = queries.list_changes(session, EVERYBODY, held.id)[0]

    assert (view.quantity, view.open_change_id, view.state) == (25, None, "active")
    assert [(lot.quantity, lot.source) for lot in view.lots] == [
        (5, str(terms.change_id)), (20, "ORD-2026-000001"),
    ]  # fmt: skip
    assert (change.state, change.from_quantity, change.to_quantity) == ("done", 20, 25)


def test_a_cancellation_shows_while_it_runs_and_then_holds(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "cancel", mode="now")
        begin(session, terms)
        assert queries.get_subscription(session, EVERYBODY, held.id).state == "pending_cancellation"
        gone = outcome(session, held, state="canceled", raw_state="canceled", auto_renew=False)
        commands.apply_change(session, change_id=terms.change_id, outcome=gone)

        assert queries.get_subscription(session, EVERYBODY, held.id).state == "canceled"


def test_a_subscription_that_ends_with_its_term_stays_active_and_cannot_be_ended_again(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        terms = change_of(session, held, "cancel", mode="end_of_term")
        begin(session, terms)
        commands.apply_change(session, change_id=terms.change_id, outcome=outcome(session, held, auto_renew=False))
        view = queries.get_subscription(session, EVERYBODY, held.id)
        with pytest.raises(Refused) as no:
            change_of(session, held, "cancel", mode="end_of_term")

    assert (view.state, view.auto_renew) == ("active", False)
    assert no.value.code == "ends_already"


def test_an_abandoned_change_leaves_everything_as_it_was(databases: Settings) -> None:
    with db.begin() as session:
        held = a_running(session)
        before = queries.get_subscription(session, EVERYBODY, held.id)
        terms = change_of(session, held, "cancel", mode="now")
        commands.abandon_change(session, change_id=terms.change_id)
        begin(session, terms)
        commands.abandon_change(session, change_id=terms.change_id)
        commands.abandon_change(session, change_id=terms.change_id)
        after = queries.get_subscription(session, EVERYBODY, held.id)

    assert replace(after, version=before.version) == before
    assert after.version > before.version
