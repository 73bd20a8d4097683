"""What is needed for a time only goes when its time is over, a few rows at once so that no writer waits for long.

A command's inbox row is its dedupe and its barrier: it stays until its run has ended so long ago that no message about
it can still be on its way. An event stays as long as it may have to be sent again, and who has reacted to it knows it
for twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from domains import accounts, billing, customers, notifications, services, support, users
from domains.kernel import clock, config
from domains.kernel.database import Database
from domains.notifications.personal import forget_exports
from domains.users.commands import forget_ended_logins

from . import store, tables

DATABASES = (customers.db, users.db, accounts.db, services.db, support.db, billing.db, notifications.db)
BATCH = 500
KEYS_KEPT = timedelta(days=2)  # Idempotency-Keys; the API promises one


def purge(database: Database) -> int:
    """Delete what a domain no longer needs of its messages and keys; returns how many rows."""
    with database.begin_read() as session:
        now = clock.now(session)
    kept = timedelta(days=config.current().keep_messages)
    outbox, consumed, idempotency = database.outbox, database.consumed, database.idempotency
    return (
        _purge_inbox(database, now - kept)
        + _purge(database, outbox.c.position, outbox.c.published_at < now - kept)
        + _purge(database, consumed.c.event_id, consumed.c.at < now - 2 * kept)
        + _purge(database, idempotency.c.key, idempotency.c.at < now - KEYS_KEPT)
    )


def purge_answers() -> int:
    """Delete the answers that were given to what was done to runs, once nobody may ask for them again."""
    with tables.db.begin_read() as session:
        before, idempotency = clock.now(session) - KEYS_KEPT, tables.db.idempotency
        told, kept = tables.db.outbox, clock.now(session) - timedelta(days=config.current().keep_messages)
    sent = _purge(tables.db, told.c.position, told.c.published_at < kept)
    return sent + _purge(tables.db, idempotency.c.key, idempotency.c.at < before)


def purge_exports() -> int:
    """Delete what people were told of themselves and have had a week to fetch; returns how many."""
    with notifications.db.begin() as session:
        return forget_exports(session)


def purge_logins() -> int:
    """Delete logins that ended long ago and counts of failed tries that no longer count; returns how many."""
    with users.db.begin_read() as session:
        before = clock.now(session) - timedelta(days=config.current().keep_logins)
    count = 0
    while True:
        with users.db.begin() as session:
            gone = forget_ended_logins(session, before=before, most=BATCH)
        count += gone
        if gone < BATCH:
            return count


def _purge(database: Database, key: Any, *old: Any) -> int:
    """Delete the rows that are old, by their key."""
    count = 0
    for rows in _batches(database, key, *old):
        with database.begin() as session:
            gone = session.execute(key.table.delete().where(key.in_([row[0] for row in rows]), *old))
            count += int(gone.rowcount)  # type: ignore[attr-defined]
    return count


def _purge_inbox(database: Database, before: datetime) -> int:
    """Delete the answers to commands whose runs have ended before a time."""
    inbox, count = database.inbox, 0
    for rows in _batches(database, inbox.c.cmd_id, inbox.c.at < before, inbox.c.outcome != "STARTED"):
        with tables.db.begin_read() as session:
            ended = store.ended_before(session, [row.run_id for row in rows], before)
        done = [row.cmd_id for row in rows if row.run_id in ended]
        with database.begin() as session:
            session.execute(inbox.delete().where(inbox.c.cmd_id.in_(done)))
        count += len(done)
    return count


def _batches(database: Database, key: Any, *old: Any) -> Iterator[list[Any]]:
    """The rows that are old, in the order of their key, a batch at a time."""
    last = None
    while True:
        further = () if last is None else (key > last,)
        query = select(key, *(column for column in key.table.c if column.name == "run_id")).where(*old, *further)
        with database.begin_read() as session:
            rows = list(session.execute(query.order_by(key).limit(BATCH)))
        if not rows:
            return
        yield rows
        last = rows[-1][0]
