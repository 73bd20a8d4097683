"""Events over RQ's bus when its server forgets, is started again or is full: the outbox fills the gap."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import redis

import cli
from domains import accounts, services, support
from domains.accounts.events import AccountOpened
from domains.kernel.config import Settings
from domains.kernel.database import Database
from domains.kernel.errors import NotNow
from domains.kernel.messages import publish
from domains.support.models import Reference
from saga import relay
from saga.transports import rq
from tests.conftest import Clock


@pytest.fixture
def bus(databases: Settings, queue: redis.Redis, clock: Clock) -> rq.Transport:
    """A worker's connection to an empty bus."""
    for name in ("services", "support"):
        relay.load_reactions(name)
    return rq.Transport()


def tell(*, clock: Clock | None = None, every: float = 0.0, times: int = 1) -> list[UUID]:
    """Accounts tell of new accounts, each put on the bus at once when a clock is given."""
    ids = [uuid4() for _ in range(times)]
    facts = {"customer_id": uuid4(), "reseller_id": None, "name": "Seat", "currency": "EUR", "status": "active"}
    for account_id in ids:
        with accounts.db.begin() as session:
            publish(session, AccountOpened(account_id=account_id, version=1, **facts))
        if clock is not None:
            relay.relay(accounts.db, rq.Transport())
            clock.advance(seconds=every)
    return ids


def known() -> set[UUID]:
    """The accounts that support has heard of."""
    with support.db.begin_read() as session:
        return {found.id for found in session.query(Reference)}


def hear(bus: rq.Transport, database: Database = support.db) -> int:
    """React to what is on the bus, as a worker does, which tries again when the server has forgotten it."""
    try:
        return relay.consume(database, bus, wait=0.01)
    except redis.ResponseError:
        return relay.consume(database, bus, wait=0.01)


def waiting() -> int:
    """How many events wait in the outbox of accounts."""
    with accounts.db.begin_read() as session:
        table = accounts.db.outbox
        return len(session.execute(table.select().where(table.c.published_at.is_(None))).all())


def test_what_an_emptied_server_has_forgotten_is_sent_again(bus: rq.Transport, queue: redis.Redis) -> None:
    heard, lost = tell()[0], uuid4()
    relay.relay(accounts.db, bus)
    hear(bus)
    [lost] = tell()
    relay.relay(accounts.db, bus)
    queue.flushall()

    sent = relay.relay(accounts.db, bus)
    hear(bus)

    assert (sent, known()) == (2, {heard, lost})
    assert relay.relay(accounts.db, bus) == 0, "and that only once"


def test_a_stream_that_was_deleted_alone_is_filled_again(bus: rq.Transport, queue: redis.Redis) -> None:
    ids = tell(times=2)
    relay.relay(accounts.db, bus)
    queue.delete(rq.EVENTS)

    relay.relay(accounts.db, bus)
    hear(bus)

    assert known() == set(ids)


def test_a_server_that_was_started_again_gets_the_newest_once_more(
    bus: rq.Transport, queue: redis.Redis, clock: Clock
) -> None:
    tell(clock=clock, every=rq.RECENT, times=2)
    lost = tell(clock=clock, every=1, times=2)
    clock.advance(days=3)  # however long nobody looks
    queue.hset(rq.LIVES, "accounts", "the run before/a life")

    counts = [relay.relay(accounts.db, bus) for _ in range(2)]
    events = [event["aggregate_id"] for event in bus.receive_events("support", 100, 0.01)[1]]

    assert counts == [2, 0]
    assert events[4:] == [str(account_id) for account_id in lost]


def test_what_one_worker_marks_as_sent_after_another_has_filled_the_gap_is_sent_again(
    bus: rq.Transport, queue: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.relay(accounts.db, bus)
    [lost] = tell()
    put = bus.publish_events

    def put_and_lose(events: list[dict[str, Any]]) -> None:
        put(events)
        queue.flushall()
        relay.fill_gap(accounts.db, rq.Transport())

    with monkeypatch.context() as patch:
        patch.setattr(bus, "publish_events", put_and_lose)
        relay.relay(accounts.db, bus)
    hear(bus)
    assert (waiting(), known()) == (0, set())

    relay.relay(accounts.db, bus)
    hear(bus)

    assert known() == {lost}


def test_a_full_bus_loses_nothing_and_goes_on_when_the_last_has_read(
    bus: rq.Transport, queue: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rq, "KEPT_EVENTS", 3)
    for database in (services.db, support.db):
        hear(bus, database)
    ids = tell(times=3)
    relay.relay(accounts.db, bus)
    hear(bus, services.db)
    ids += tell(times=2)

    with pytest.raises(NotNow, match="support"):
        relay.relay(accounts.db, bus)
    assert waiting() == 2
    hear(bus)
    relay.relay(accounts.db, bus)
    hear(bus)

    assert known() == set(ids)
    assert queue.xlen(rq.EVENTS) <= 3


def test_what_a_reader_has_taken_and_not_done_is_not_dropped(
    bus: rq.Transport, queue: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rq, "KEPT_EVENTS", 2)
    tell(times=2)
    relay.relay(accounts.db, bus)
    tokens, _ = bus.receive_events("support", 100, 0.01)
    bus.acknowledge_events("support", tokens[1:])
    tell()

    with pytest.raises(NotNow):
        relay.relay(accounts.db, bus)

    assert queue.xlen(rq.EVENTS) == 2


def test_a_domain_that_joins_after_events_were_dropped_gets_them_too(
    bus: rq.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rq, "KEPT_EVENTS", 2)
    hear(bus, services.db)
    ids = tell(times=2)
    relay.relay(accounts.db, bus)
    hear(bus, services.db)
    ids += tell()
    relay.relay(accounts.db, bus)  # drops what services have done with

    hear(bus)
    assert known() != set(ids)
    monkeypatch.undo()
    relay.relay(accounts.db, bus)
    hear(bus)

    assert known() == set(ids)


def test_an_operator_has_events_sent_again_from_a_time_on(
    bus: rq.Transport, settings: Settings, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(clock=clock, every=60, times=4)

    given = cli.arguments().parse_args(["republish", "--since", "2026-03-10T09:02"])
    given.run(settings, given)

    assert waiting() == 2
    assert "accounts: 2 events are sent again by its worker" in capsys.readouterr().out
