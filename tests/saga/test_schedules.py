"""The house's own clockwork: the catalogue comes in hourly, what has reached its last day is looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domains import services
from domains.kernel.config import Settings
from domains.kernel.tenancy import Scope
from domains.services.models import Subscription
from saga import store, tables, transports
from saga.schedules import begin_refreshes, begin_sync
from saga.tables import Run
from saga.transports import inline
from tests.conftest import Clock
from tests.factories.services import a_running, begin, change_of

from .watch import EVERYBODY


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


def test_a_catalogue_sync_is_one_run_for_each_slot() -> None:
    for window in ("sync-catalogue/1", "sync-catalogue/1", "sync-catalogue/2"):
        begin_sync(window)

    assert [run.business_key for run in runs_of()] == ["sync-catalogue/1", "sync-catalogue/2"]


def test_a_subscription_is_looked_at_after_its_last_day_and_not_before(clock: Clock) -> None:
    held = a_subscription()
    clock.move_to(clock.now.replace(year=held.valid_to.year, month=held.valid_to.month, day=held.valid_to.day))

    begin_refreshes("refresh-ended/1")
    on_the_last_day = runs_of()
    clock.advance(days=1)
    begin_refreshes("refresh-ended/2")

    assert on_the_last_day == []
    [run] = runs_of()
    assert (run.definition, run.resource_id, run.customer_id) == ("refresh-subscription", held.id, held.customer_id)
    assert run.label == held.name


def test_two_schedulers_look_at_each_subscription_once(clock: Clock) -> None:
    first, second = a_subscription(), a_subscription()
    clock.advance(days=400)

    for _ in range(2):
        begin_refreshes("refresh-ended/1")

    assert sorted(run.resource_id for run in runs_of()) == sorted([first.id, second.id])
    begin_refreshes("refresh-ended/2")
    assert len(runs_of()) == 4


def test_a_customer_sees_only_looks_at_its_own(clock: Clock) -> None:
    first, second = a_subscription(), a_subscription()
    clock.advance(days=400)

    begin_refreshes("refresh-ended/1")

    seen = [[run.resource_id for run in runs_of(Scope.customer(one.customer_id))] for one in (first, second)]
    assert seen == [[first.id], [second.id]]


def test_a_subscription_under_change_is_left_to_the_change(clock: Clock) -> None:
    held = a_subscription()
    with services.db.begin() as session:
        begin(session, change_of(session, held, "change_quantity", quantity=25))
    clock.move_to(clock.now + timedelta(days=400))

    begin_refreshes("refresh-ended/1")

    assert runs_of() == []
