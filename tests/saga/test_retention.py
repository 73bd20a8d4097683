"""What nobody needs any more goes; what a late message or a lost bus may need stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from domains import users
from domains.kernel.config import Settings
from domains.kernel.database import Database, new_id
from domains.users import commands
from domains.users.models import Login, Throttle
from saga import relay, retention, schedules
from saga.transports import inline
from tests.conftest import Clock

from . import lab
from .watch import a_run, to_the_end


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)


def left(table: Any, database: Database = lab.db) -> int:
    """How many rows a table has."""
    with database.begin_read() as session:
        return len(session.execute(select(table)).all())


def test_a_command_is_known_again_until_its_run_has_ended_long_ago(transport: inline.Transport, clock: Clock) -> None:
    for _ in range(3):
        a_run(refuse="second")
    to_the_end()
    answered = left(lab.db.inbox)
    waits = a_run()
    transport.perform_next()
    late = transport.replies.popleft()

    clock.advance(days=29)
    assert retention.purge(lab.db) == 0
    clock.advance(days=2)
    assert retention.purge(lab.db) == answered

    with lab.db.begin_read() as session:
        kept = list(session.scalars(select(lab.db.inbox.c.run_id)))
    assert kept == [waits.id], "its run has not ended, however long ago it was answered"
    assert late["run_id"] == str(waits.id)


def test_an_exchange_without_an_answer_is_not_forgotten(transport: inline.Transport, clock: Clock) -> None:
    run = a_run()
    to_the_end()
    with lab.db.begin() as session:
        session.execute(lab.db.inbox.update().where(lab.db.inbox.c.seq == 2).values(outcome="STARTED"))

    clock.advance(days=31)
    retention.purge(lab.db)

    with lab.db.begin_read() as session:
        kept = [(row.run_id, row.seq) for row in session.execute(lab.db.inbox.select())]
    assert kept == [(run.id, 2)]


def events(*ages: int | None, clock: Clock) -> None:
    """Events that were published so many days ago, or not yet."""
    with lab.db.begin() as session:
        for age in ages:
            at = clock.now - timedelta(days=age if age is not None else 400)
            row = {
                "event_id": new_id(),
                "type": "lab.Told",
                "aggregate_id": new_id(),
                "version": 1,
                "body": {},
                "at": at,
            }
            session.execute(lab.db.outbox.insert().values(row | {"published_at": None if age is None else at}))


def test_events_can_be_sent_again_for_thirty_days_and_are_never_lost_unsent(
    transport: inline.Transport, clock: Clock
) -> None:
    events(None, 90, 31, 29, 60, None, 45, clock=clock)

    assert retention.purge(lab.db) == 4
    assert left(lab.db.outbox) == 3
    assert relay.republish(lab.db) == 1


def test_who_has_reacted_to_an_event_knows_it_for_longer_than_it_can_come_again(
    transport: inline.Transport, clock: Clock
) -> None:
    with lab.db.begin() as session:
        for days in (1, 31, 59, 61):
            at = clock.now - timedelta(days=days)
            session.execute(lab.db.consumed.insert().values(event_id=new_id(), at=at))

    assert (retention.purge(lab.db), left(lab.db.consumed)) == (1, 3)


def test_the_answer_to_a_key_is_kept_for_more_than_a_day(transport: inline.Transport, clock: Clock) -> None:
    with lab.db.begin() as session:
        for hours in (23, 25, 49, 50, 51):
            at = clock.now - timedelta(hours=hours)
            row = {"key": str(hours), "request_digest": "", "status": 200, "at": at}
            session.execute(lab.db.idempotency.insert().values(row))

    assert (retention.purge(lab.db), left(lab.db.idempotency)) == (3, 2)


def a_login(clock: Clock, *, expired: int) -> UUID:
    """A login that has expired so many days ago."""
    login_id, then = new_id(), clock.now - timedelta(days=expired)
    with users.db.begin() as session:
        facts = {
            "token_hash": str(login_id),
            "user_id": uuid4(),
            "customer_id": uuid4(),
            "epoch": 1,
            "created_at": then,
        }
        about = {"last_seen_at": then, "expires_at": then, "ip": "192.0.2.1", "user_agent": "a browser"}
        session.add(Login(id=login_id, **facts, **about))
    return login_id


def test_logins_go_some_time_after_they_have_ended_and_counts_of_failures_when_they_count_no_more(
    databases: Settings, clock: Clock
) -> None:
    for days in (29, 31, 32, 33, 0):
        a_login(clock, expired=days)
    for name in ("one", "two", "three"):
        with users.db.begin() as session:
            commands.sign_in(session, email=f"{name}@nobody.example", password="x", ip="192.0.2.1", user_agent="")
    before = left(Throttle, users.db)
    clock.advance(minutes=61)
    with users.db.begin() as session:
        commands.sign_in(session, email="four@nobody.example", password="x", ip="192.0.2.2", user_agent="")

    retention.purge_logins()

    assert before > 2
    assert (left(Login, users.db), left(Throttle, users.db)) == (2, 2)


def test_every_domain_is_purged_once_a_day() -> None:
    daily = {one.name for one in schedules.SCHEDULES if one.every == 86_400}

    domains = {f"purge-{database.name}" for database in retention.DATABASES}
    assert domains | {"purge-logins", "purge-runs", "purge-exports"} == daily
    assert len(retention.DATABASES) == 7
