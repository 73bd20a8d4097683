"""The house's own clockwork: the catalogue comes in hourly, what has reached its last day is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from domains import services
from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from domains.services import commands, queries
from domains.services.models import Decision, Subscription
from domains.services.providers import Hint
from saga import ends, schedules, store, tables, transports
from saga.ends import begin_renewals
from saga.schedules import begin_sync
from saga.tables import Run
from saga.transports import inline
from tests.conftest import Clock
from tests.factories.services import a_running, begin, change_of

from .watch import EVERYBODY

pytestmark = pytest.mark.slow


@pytest.fixture
def bus(databases: Settings, clock: Clock) -> inline.Transport:
    """A transport on which everything stands still."""
    return inline.Transport(domains=("services",))


@pytest.fixture(autouse=True)
def still(bus: inline.Transport) -> object:
    """Commands wait on the bus."""
    with transports.using(bus):
        yield


def a_subscription() -> Subscription:
    """A running subscription of a year."""
    with services.db.begin() as session:
        return a_running(session)


def runs_of(scope: Scope = EVERYBODY) -> list[Run]:
    """What was started, oldest first."""
    with tables.db.begin_read() as session:
        return store.list_runs(session, scope).items[::-1]


def end(*runs: Run) -> None:
    """These runs have come to nothing."""
    with tables.db.begin() as session:
        ended = {"status": "compensated", "next_at": None}
        session.execute(tables.run.update().where(tables.run.c.id.in_([run.id for run in runs])).values(ended))


def test_a_catalogue_sync_is_one_run_for_each_slot() -> None:
    for window in ("sync-catalogue/1", "sync-catalogue/1", "sync-catalogue/2"):
        begin_sync(window)
        end(*runs_of())

    assert [run.business_key for run in runs_of()] == ["sync-catalogue/1", "sync-catalogue/2"]


def test_no_sync_begins_while_an_earlier_one_waits_for_the_provider() -> None:
    for window in ("sync-catalogue/1", "sync-catalogue/2"):
        begin_sync(window)

    assert [run.business_key for run in runs_of()] == ["sync-catalogue/1"]


def test_a_subscription_is_looked_at_after_its_last_day_and_not_before(clock: Clock) -> None:
    held = a_subscription()
    clock.move_to(clock.now.replace(year=held.valid_to.year, month=held.valid_to.month, day=held.valid_to.day))

    begin_renewals("renew-ended/1")
    on_the_last_day = runs_of()
    clock.advance(days=1)
    begin_renewals("renew-ended/2")

    assert on_the_last_day == []
    [run] = runs_of()
    assert (run.definition, run.resource_id, run.customer_id) == ("renew-subscription", held.id, held.customer_id)
    assert run.label == held.name


def test_two_schedulers_look_at_each_subscription_once(clock: Clock) -> None:
    first, second = a_subscription(), a_subscription()
    clock.advance(days=400)

    for _ in range(2):
        begin_renewals("renew-ended/1")

    assert sorted(run.resource_id for run in runs_of()) == sorted([first.id, second.id])


def looks_in(clock: Clock, hours: int, *, ending: bool) -> int:
    """How many looks at a subscription past its end begin in some hours, whether or not each comes to an end."""
    a_subscription()
    clock.advance(days=400)
    for slot in range(hours * 6):
        begin_renewals(f"renew-ended/{slot}")
        if ending:
            end(*runs_of())
        clock.advance(minutes=10)
    return len(runs_of())


def test_looks_do_not_pile_up_while_the_provider_is_away(clock: Clock) -> None:
    assert looks_in(clock, 48, ending=False) == 1


def test_looks_that_change_nothing_become_seldom(clock: Clock) -> None:
    assert looks_in(clock, 24, ending=True) == 8  # after 0, 10, 30, 70, 150, 310, 630 and 1270 minutes


def test_another_term_of_the_same_day_does_not_wait_for_the_one_before(clock: Clock) -> None:
    held = a_subscription()
    clock.advance(days=400)
    for slot in range(4):  # as in a sandbox whose clock is moved from month to month
        begin_renewals(f"renew-ended/{slot}")
        end(*runs_of())
        with services.db.begin() as session:
            kept = session.scalars(select(Decision).where(Decision.subscription_id == held.id)).one()
            kept.term_end += timedelta(days=31)
        clock.advance(days=0, minutes=1)

    assert len(runs_of()) == 2  # the clock has not gone so far as a third one


def test_only_so_many_looks_wait_for_the_provider_at_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "RENEWALS_AT_ONCE", 2)
    for _ in range(3):
        a_subscription()
    clock.advance(days=400)

    counts = []
    for slot in range(2):
        begin_renewals(f"renew-ended/{slot}")
        counts.append(len(runs_of()))
    end(runs_of()[0])
    begin_renewals("renew-ended/3")

    assert (counts, len(runs_of())) == ([2, 2], 3)


def test_many_that_the_provider_leaves_as_they_are_do_not_stand_before_all_others(clock: Clock) -> None:
    stuck, fresh = a_subscription(), a_subscription()
    clock.advance(days=400)
    with services.db.begin() as session:
        session.get_one(Subscription, stuck.id).looked_at = clock.now
    with services.db.begin_read() as session:
        first = services.queries.renewals_due(session, EVERYBODY, clock.now.date(), limit=1)

    assert [one.id for one, _last in first] == [fresh.id]


def test_customers_are_not_shown_the_runs_of_the_house(clock: Clock) -> None:
    held = a_subscription()
    clock.advance(days=400)

    begin_renewals("renew-ended/1")
    begin_sync("sync-catalogue/1")

    assert runs_of(Scope.customer(held.customer_id)) == runs_of(Scope.reseller(held.customer_id)) == []
    assert len(runs_of(Scope.operator())) == 2


def test_a_subscription_under_change_is_left_to_the_change(clock: Clock) -> None:
    held = a_subscription()
    with services.db.begin() as session:
        begin(session, change_of(session, held, "change_quantity", quantity=25))
    clock.move_to(clock.now + timedelta(days=400))

    begin_renewals("renew-ended/1")

    assert runs_of() == []


def test_what_a_provider_hints_at_is_looked_at_once() -> None:
    first, second = a_subscription(), a_subscription()
    with services.db.begin() as session:
        hints = [Hint(kind, known, None, datetime(2026, 3, 10, tzinfo=UTC)) for kind in ("a", "b")
                 for known in (first.provider_subscription_id, "never heard of")]  # fmt: skip
        commands.note_hints(session, provider="sandbox", hints=hints)

    for window in ("1", "2"):
        schedules.begin_hinted(window)

    assert [run.payload["subscription_id"] for run in runs_of()] == [str(first.id)]
    assert second.id != first.id
    with services.db.begin_read() as session:
        left = queries.open_hints(session, EVERYBODY)
    assert {one.provider_subscription_id for one in left} == {"never heard of"}
