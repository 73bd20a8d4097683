"""The provider's catalogue comes in whole, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from domains import services
from domains.kernel import config, database
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.services.models import Offer, OfferPlan
from saga import store, tables
from saga.flows.sync_catalogue import NOBODY, SyncCatalogue, sync_catalogue
from saga.tables import Run
from saga.transports import inline
from tests.conftest import Clock
from tests.domains.services.scripted import Scripted
from tests.sandboxes import Sandbox

from .crashes import dies_around
from .seen import run_of, words_of
from .shop import Shop

pytestmark = pytest.mark.slow  # `make check` plays orders, onboarding and accounts


def start(shop: Shop, key: str = "") -> Run:
    """A sync that was only asked for."""
    return shop.start(sync_catalogue, SyncCatalogue(), key=key, label="", resource=("catalogue", NOBODY))


def catalogue() -> tuple[int, int, int, int]:
    """How many offers there are, how many are sold, how many plans, and the sum of the offers' versions."""
    with services.db.begin_read() as session:
        rows = session.execute(select(Offer.active, Offer.version)).all()
        plans = session.scalar(select(func.count()).select_from(OfferPlan)) or 0
    return len(rows), sum(row.active for row in rows), plans, sum(row.version for row in rows)


@pytest.fixture
def empty(transport: inline.Transport, clock: Clock, sandbox: Sandbox) -> Shop:
    """A shop with nothing to sell yet."""
    return Shop(clock, sandbox)


def test_the_whole_catalogue_comes_in_and_coming_again_changes_nothing(empty: Shop) -> None:
    first = start(empty)
    empty.transport.run_until_quiet()
    held = catalogue()
    start(empty)
    empty.transport.run_until_quiet()

    page = empty.sandbox.get("offers", limit=500)
    assert words_of(first.id) == ["done"]
    assert held[0] == held[1] >= len(page["items"]) > 100
    assert held[2] > held[0]
    assert catalogue() == held


def test_nobody_but_the_house_sees_such_a_run(empty: Shop) -> None:
    start(empty)
    empty.transport.run_until_quiet()

    with tables.db.begin_read() as session:
        seen = [store.list_runs(session, scope).items for scope in (Scope.customer(new_id()), Scope.operator())]
    assert [len(runs) for runs in seen] == [0, 1]


@pytest.mark.parametrize("fault", ["error", "throttle"])
def test_a_catalogue_that_cannot_be_read_is_asked_for_again(empty: Shop, fault: str) -> None:
    empty.sandbox.fault("list_offers", fault, count=1)

    run = start(empty)
    empty.transport.run_until_quiet()
    before, waiting = catalogue(), run_of(run.id)
    empty.carry_on()

    assert (before, waiting.status) == ((0, 0, 0, 0), "running")
    assert (run_of(run.id).status, catalogue()[0] > 100) == ("completed", True)


def test_an_empty_catalogue_is_not_believed(shop: Shop, scripted: Scripted) -> None:
    held = catalogue()
    database.bind(replace(config.current(), provider_url=scripted.url))
    scripted.say(200, b'{"items": [], "next_cursor": null}')

    run = start(shop)
    shop.carry_on(12)

    assert (run_of(run.id).attention, catalogue()) == ("in_doubt", held), "it is asked for again, and a person looks"


def test_a_sync_of_the_same_hour_is_one_run(empty: Shop) -> None:
    first, second = start(empty, "sync-catalogue/1"), start(empty, "sync-catalogue/1")

    assert (first.id, second.replayed) == (second.id, True)


def test_a_sync_survives_crashes(empty: Shop) -> None:
    run = start(empty)

    dies_around(empty, sync_catalogue.steps[0].action)
    empty.carry_on()

    assert (run_of(run.id).status, catalogue()[0] > 100) == ("completed", True)
