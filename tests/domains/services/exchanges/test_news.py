"""The real sandbox tells what has changed of its catalogue since we asked last, and what it takes off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from domains.services import db, exchanges, queries
from domains.services.models import CatalogueSync, Offer, Promotion
from tests.conftest import Clock
from tests.factories.services import EVERYBODY, ask
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture
def named(sandbox: Sandbox) -> Iterator[Any]:
    """Change an offer of the sandbox for one test, and put it back."""
    before = next(one for one in sandbox.get("offers", limit=500)["items"] if one["vendor"] == "Northfield Labs")
    yield before
    sandbox.control("PUT", f"offers/{before['id']}", **before | {"ended": False})


def read(full: bool = False) -> Any:
    return ask(exchanges.read_catalogue, full=full)


def runs() -> list[str]:
    with db.begin_read() as session:
        return list(session.scalars(select(CatalogueSync.kind).order_by(CatalogueSync.id)))


def test_after_a_first_time_only_what_has_changed_is_read(sandbox: Sandbox, clock: Clock, named: Any) -> None:
    first = read()
    nothing = read()
    sandbox.control("PUT", f"offers/{named['id']}", name="Renamed")
    renamed = read()
    sandbox.control("PUT", f"offers/{named['id']}", ended=True)
    ended = read()

    assert first.added >= 300
    assert (nothing.offers, renamed.offers, renamed.changed) == (0, 1, 1)
    assert (ended.offers, ended.ended) == (0, 1)
    assert runs() == ["full", "incremental", "incremental", "incremental"]
    with db.begin_read() as session:
        assert session.scalars(select(Offer.active).where(Offer.provider_offer_id == named["id"])).one() is False


def test_all_of_it_is_read_once_a_day_or_when_it_is_asked_for(sandbox: Sandbox, clock: Clock) -> None:
    read()
    clock.advance(hours=1)
    read(full=True)
    clock.advance(hours=23)
    read()
    clock.advance(hours=1)
    read()

    assert runs() == ["full", "full", "incremental", "full"]


def test_promotions_come_with_the_catalogue(sandbox: Sandbox, clock: Clock) -> None:
    read()
    with db.begin_read() as session:
        found = session.scalars(select(Promotion).order_by(Promotion.id)).all()
        page = queries.search_offers(session, EVERYBODY, currency="EUR", vendor=["Northfield Labs"])

    assert [one.id for one in found] == ["europe-3", "first-year-15"]
    assert page.total > 0
