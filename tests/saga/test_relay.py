"""What a domain has published reaches every domain that reacts to it, in order, once, whatever falls over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from domains import accounts, services, support
from domains.accounts.events import AccountChanged, AccountOpened
from domains.kernel.config import Settings
from domains.kernel.database import Database, bind
from domains.kernel.messages import acting, publish
from domains.services.models import AccountRef
from domains.support.models import Reference
from saga import relay
from saga.transports import inline
from tests.factories.services import an_account


@pytest.fixture
def bus(databases: Settings) -> inline.Transport:
    """A bus to which accounts, services and support are connected."""
    return inline.Transport(domains=("accounts", "services", "support"))


class Cut(inline.Transport):
    """A bus that takes events and breaks off before it says so."""

    def publish_events(self, events: list[dict[str, Any]]) -> None:
        super().publish_events(events)
        raise ConnectionError("cut off")


def tell(account_id: UUID, version: int, name: str = "Head office", kind: Any = AccountChanged) -> None:
    """Accounts tell something about an account."""
    facts = {"customer_id": uuid4(), "reseller_id": None, "name": name, "currency": "EUR", "status": "active"}
    with accounts.db.begin() as session:
        publish(session, kind(account_id=account_id, version=version, **facts))


def known(account_id: UUID) -> tuple[str, int] | None:
    """What support knows of an account."""
    with support.db.begin_read() as session:
        found = session.get(Reference, account_id)
        return (found.label, found.version) if found else None


def consumed(database: Database) -> int:
    """How many events a domain has reacted to."""
    with database.begin_read() as session:
        return len(session.execute(database.consumed.select()).all())


@contextmanager
def broken(database: Database, table: str) -> Iterator[None]:
    """A domain's database without one of its tables."""
    with database.begin() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO away"))
    yield
    with database.begin() as session:
        session.execute(text(f"ALTER TABLE away RENAME TO {table}"))


def test_an_event_reaches_each_domain_that_reacts_to_it_once(bus: inline.Transport) -> None:
    with services.db.begin() as session:
        account_id = an_account(session).id
    tell(account_id, 2, "Seat")

    assert relay.relay(accounts.db, bus) == 1
    assert relay.relay(accounts.db, bus) == 0
    reacted = [relay.consume(database, bus, wait=0) for database in (services.db, support.db, accounts.db)]

    assert reacted == [1, 1, 0]
    assert known(account_id) == ("Seat", 2)
    with services.db.begin_read() as session:
        assert session.get_one(AccountRef, account_id).name == "Seat"


def test_events_travel_oldest_first_with_all_that_others_need(bus: inline.Transport) -> None:
    ids, trace = [uuid4() for _ in range(5)], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with acting(traceparent=trace):
        for account_id in ids:
            tell(account_id, 1, kind=AccountOpened)
    relay.relay(accounts.db, bus)

    events = list(bus.events["support"])
    assert [one["aggregate_id"] for one in events] == [str(account_id) for account_id in ids]
    assert {(one["type"], one["version"], one["traceparent"]) for one in events} == {
        ("accounts.AccountOpened", 1, trace)
    }
    assert len({one["event_id"] for one in events}) == 5
    assert events[0]["body"]["name"] == "Head office"


def test_more_events_than_one_batch_holds_go_on_where_it_ended(
    bus: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)
    ids = [uuid4() for _ in range(7)]
    for account_id in ids:
        tell(account_id, 1, kind=AccountOpened)

    counts = [relay.relay(accounts.db, bus) for _ in range(4)]

    assert counts == [3, 3, 1, 0]
    assert [one["aggregate_id"] for one in bus.events["support"]] == [str(account_id) for account_id in ids]


def test_a_relay_that_is_cut_off_sends_again_and_the_reaction_happens_once(bus: inline.Transport) -> None:
    cut, account_id = Cut(domains=("support",)), uuid4()
    tell(account_id, 1, kind=AccountOpened)

    with pytest.raises(ConnectionError):
        relay.relay(accounts.db, cut)
    bus.events["support"] += cut.events["support"]
    again = relay.relay(accounts.db, bus)
    reacted = relay.consume(support.db, bus, wait=0)

    assert (again, reacted, consumed(support.db)) == (1, 1, 1)
    assert known(account_id) == ("Head office", 1)


def test_an_older_fact_that_comes_late_is_left_aside(bus: inline.Transport) -> None:
    account_id = uuid4()
    for version, name in ((2, "Second"), (3, "Third")):
        tell(account_id, version, name)
    relay.relay(accounts.db, bus)
    bus.events["support"].rotate(1)

    relay.consume(support.db, bus, wait=0)

    assert known(account_id) == ("Third", 3)


def test_a_reaction_that_fails_is_undone_and_holds_up_no_other(bus: inline.Transport) -> None:
    with services.db.begin() as session:
        account_id = an_account(session).id
    tell(account_id, 2, "Seat")
    relay.relay(accounts.db, bus)
    unlucky = bus.events["services"][0]
    harmless = unlucky | {"event_id": str(uuid4()), "type": "nobody.Reacts"}
    strange = unlucky | {"event_id": str(uuid4()), "body": {}}
    bus.events["services"].extendleft([strange])
    bus.events["services"].append(harmless)

    with pytest.raises(KeyError):
        relay.consume(services.db, bus, wait=0)

    assert consumed(services.db) == 1, "the failed one is not marked as reacted to"
    with services.db.begin_read() as session:
        assert session.get_one(AccountRef, account_id).name == "Seat"


def test_a_domain_that_is_broken_reacts_when_it_is_whole_again(bus: inline.Transport) -> None:
    account_id = uuid4()
    tell(account_id, 1, kind=AccountOpened)
    relay.relay(accounts.db, bus)
    event = bus.events["support"][0]

    with broken(support.db, "reference"), pytest.raises(Exception, match="reference"):
        relay.consume(support.db, bus, wait=0)
    bus.events["support"].append(event)  # not acknowledged, so that the bus has kept it
    relay.consume(support.db, bus, wait=0)

    assert known(account_id) == ("Head office", 1)


def test_nothing_is_taken_off_the_bus_while_the_domains_database_is_away(
    bus: inline.Transport, databases: Settings
) -> None:
    account_id = uuid4()
    tell(account_id, 1, kind=AccountOpened)
    relay.relay(accounts.db, bus)

    bind(replace(databases, overrides={"database_url_support": "postgresql+psycopg://nobody@127.0.0.1:1/support"}))
    with pytest.raises(OperationalError):
        relay.catch_up(support.db, bus, wait=0)
    bind(databases)
    relay.catch_up(support.db, bus, wait=0)

    assert known(account_id) == ("Head office", 1)


def test_a_consumer_that_has_lost_its_place_gets_everything_again(
    bus: inline.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "RANGE", 2)
    ids = [uuid4() for _ in range(3)]
    for account_id in ids:
        tell(account_id, 1, kind=AccountOpened)
    relay.relay(accounts.db, bus)
    bus.events["support"].clear()

    count = relay.republish(accounts.db)
    relay.relay(accounts.db, bus)
    relay.consume(support.db, bus, wait=0)

    assert count == 3
    assert [known(account_id) for account_id in ids] == [("Head office", 1)] * 3
