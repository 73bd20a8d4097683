"""The event relay: what a domain has published goes to the bus, and what others published is reacted to once."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from domains.kernel import clock, tracing
from domains.kernel.database import Database
from domains.kernel.messages import acting, react, reactions_of

from .transports import Transport

BATCH = 100


def relay(database: Database, transport: Transport) -> int:
    """Put waiting events of a domain on the bus, oldest first; returns how many.

    They are marked after the bus has taken them: a crash between the two sends them twice, never not at all.
    """
    table = database.outbox
    with database.begin_read() as session:
        query = table.select().where(table.c.published_at.is_(None)).order_by(table.c.position).limit(BATCH)
        rows = session.execute(query).all()
    if not rows:
        return 0
    transport.publish_events([_event(row) for row in rows])
    with database.begin() as session:
        positions = [row.position for row in rows]
        session.execute(table.update().where(table.c.position.in_(positions)).values(published_at=clock.now(session)))
    return len(rows)


def republish(database: Database, after: int = 0) -> int:
    """Send a domain's events after a position again, for a consumer that has lost its place; returns how many."""
    table = database.outbox
    with database.begin() as session:
        changed = session.execute(table.update().where(table.c.position > after).values(published_at=None))
        return int(changed.rowcount)  # type: ignore[attr-defined]


def load_reactions(domain: str) -> None:
    """Make a domain's reactions known to this process; a domain may have none."""
    name = f"domains.{domain}.reactions"
    if find_spec(name) is not None:
        import_module(name)


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
