"""The event relay: what a domain has published goes to the bus, and what others published is reacted to once.

The outbox is the truth and the bus may forget: what it may have lost is sent again, for whoever reacts knows an event
that comes twice.
"""

from __future__ import annotations

import logging
import math
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from domains.kernel import clock, failpoint, tracing
from domains.kernel.database import Database
from domains.kernel.messages import acting, react, reactions_of

from .transports import Transport

log = logging.getLogger(__name__)
BATCH = 100
RANGE = 10_000  # positions that are marked in one commit, so that the domain's own writes need not wait


def relay(database: Database, transport: Transport) -> int:
    """Put waiting events of a domain on the bus, oldest first; returns how many.

    They are marked after the bus has taken them: a crash between the two sends them twice, never not at all.
    """
    fill_gap(database, transport)
    table = database.outbox
    with database.begin_read() as session:
        query = table.select().where(table.c.published_at.is_(None)).order_by(table.c.position).limit(BATCH)
        rows = session.execute(query).all()
    if not rows:
        return 0
    transport.publish_events([_event(row) for row in rows])
    failpoint.reach("relay.published")
    with database.begin() as session:
        positions = [row.position for row in rows]
        session.execute(table.update().where(table.c.position.in_(positions)).values(published_at=clock.now(session)))
    return len(rows)


def fill_gap(database: Database, transport: Transport) -> int:
    """Have sent again what the bus may have lost since it took it; returns how many events.

    After a mere restart these are its newest: a queue server's disk lags behind by a second, or a replica by a few.
    """
    gap = transport.gap(database.name)
    if not gap:
        return 0
    count = republish(database, since=None if math.isinf(gap) else _newest(database, gap))
    transport.gap_filled(database.name)
    if count:
        about = {"domain": database.name, "count": count}
        log.warning("the bus may have lost events: they are sent again", extra=about)
    return count


def _newest(database: Database, gap: float) -> datetime | None:
    """So long before a domain's newest event was published (however long ago that was)."""
    with database.begin_read() as session:
        newest = session.scalar(select(func.max(database.outbox.c.published_at)))
    return newest - timedelta(seconds=gap) if newest is not None else None


def republish(database: Database, since: datetime | None = None) -> int:
    """Have a domain's events sent again that were put on the bus at or after a time (or ever); returns how many."""
    table, count = database.outbox, 0
    sent = table.c.published_at.is_not(None) if since is None else table.c.published_at >= since
    with database.begin_read() as session:
        first, last = session.execute(select(func.min(table.c.position), func.max(table.c.position)).where(sent)).one()
    for start in range(first, last + 1, RANGE) if first is not None else ():
        with database.begin() as session:
            here = table.c.position.between(start, start + RANGE - 1)
            changed = session.execute(table.update().where(sent, here).values(published_at=None))
            count += int(changed.rowcount)  # type: ignore[attr-defined]
    return count


def load_reactions(domain: str) -> None:
    """Make a domain's reactions known to this process; a domain may have none."""
    name = f"domains.{domain}.reactions"
    if find_spec(name) is not None:
        import_module(name)


def catch_up(database: Database, transport: Transport, *, wait: float) -> int:
    """React to the events of others (see `consume`); while the domain's database is away, none is taken off the bus.

    A bus counts how often an event was taken in vain, and puts it aside as a dead letter in the end.
    """
    with database.begin_read() as session:
        clock.now(session)
    return consume(database, transport, wait=wait)


def consume(database: Database, transport: Transport, *, wait: float) -> int:
    """React to events of other domains, each in its own transaction; returns how many concerned this domain.

    A reaction that fails holds up no other event. Its own comes again; the error is raised when the others are done.
    """
    tokens, events = transport.receive_events(database.name, BATCH, wait)
    done, failure = 0, None
    for token, event in zip(tokens, events, strict=True):
        try:
            done += _reacted(database, event)
        except Exception as error:
            failure = failure or error
        else:
            transport.acknowledge_events(database.name, [token])
    if failure is not None:
        raise failure
    return done


def _reacted(database: Database, event: dict[str, Any]) -> bool:
    """React in a trace of its own, linked to what the event tells of: it may come much later, or again."""
    if event["type"] not in reactions_of(database.name):
        return False
    cause = event.get("traceparent") or ""
    with (
        acting(traceparent=cause),
        tracing.span(f"react {event['type']}", kind="consumer", parent="", link=cause, domain=database.name),
        database.begin() as session,
    ):
        return react(session, database.name, event)


def _event(row: Any) -> dict[str, Any]:
    return {
        "event_id": str(UUID(str(row.event_id))), "type": row.type, "aggregate_id": str(row.aggregate_id),
        "version": row.version, "body": row.body, "traceparent": row.traceparent, "at": row.at.isoformat(),
    }  # fmt: skip
