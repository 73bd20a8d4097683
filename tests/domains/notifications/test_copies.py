"""Owners read a copy of the trail: `audit verify` finds it when it says something else than the chains."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

import cli
from domains.kernel import config, sealing
from domains.kernel.database import new_id
from domains.kernel.messages import acting
from domains.kernel.tenancy import Origin
from domains.notifications import db
from domains.notifications.models import TrailEntry
from domains.notifications.queries import copy_faults
from saga.tables import db as runs_db
from saga.transports.inline import database_named
from tests.factories.trails import an_entry
from tests.saga.flows.conftest import clock as clock
from tests.saga.flows.conftest import opened as opened
from tests.saga.flows.conftest import shop as shop
from tests.saga.flows.conftest import transport as transport
from tests.saga.flows.shop import Shop

TABLE = TrailEntry.__table__
DOMAINS = ("customers", "users", "accounts", "services", "support", "billing", "notifications")


@pytest.fixture
def sealed(shop: Shop) -> Shop:
    """A shop in which something was bought, all of it sealed and told."""
    with acting(origin=Origin("192.0.2.7", "Firefox 128, Windows")):
        shop.bought()
    for database in databases():
        sealing.seal(database, config.current().audit_key)
    shop.transport.run_until_quiet()
    return shop


def databases() -> list[Any]:
    return [*(database_named(name) for name in DOMAINS), runs_db]


def faults() -> list[str]:
    return [fault for database in databases() for fault in copy_faults(database)]


def test_what_was_told_of_a_whole_story_is_what_was_sealed(sealed: Shop) -> None:
    assert faults() == []
    assert cli.audit(config.current(), Namespace(action="verify")) == 0


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize(
    "change",
    [
        {"action": "accounts.close"}, {"actor_name": "Somebody Else"}, {"actor_id": "u-9"}, {"after": {"forged": 1}},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)}, {"customer_id": new_id()}, {"seq": 99}, {"place": "198.51.100.1"},
        {"actor_name": "Erased person", "place": "", "program": ""},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_copy_that_was_changed_is_found(sealed: Shop, change: dict[str, Any]) -> None:
    with db.begin() as session:
        id = session.scalars(select(TrailEntry.id).where(TrailEntry.domain == "accounts").limit(1)).one()
        session.execute(TABLE.update().where(TABLE.c.id == id).values(change))

    assert faults() == [f"accounts: the searchable trail says something else than entry {id}"]
    assert cli.audit(config.current(), Namespace(action="verify")) == 1


def test_a_copy_that_was_taken_away_is_missed_after_an_hour(sealed: Shop) -> None:
    with db.begin() as session:
        id = session.scalars(select(TrailEntry.id).where(TrailEntry.domain == "accounts").limit(1)).one()
        session.execute(TABLE.delete().where(TABLE.c.id == id))
    assert faults() == []  # it may be on its way

    sealed.clock.advance(hours=2)

    assert faults() == [f"accounts: the searchable trail lacks entry {id}"]


def test_an_entry_that_is_in_no_chain_is_found(sealed: Shop) -> None:
    id = an_entry(sealed.customer_id)

    assert faults() == [f"accounts: the searchable trail invents entry {id}"]
