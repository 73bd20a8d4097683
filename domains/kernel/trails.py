"""What is sealed is told to whoever keeps the searchable trail (decision 12): entries with their names and values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from .database import database_of
from .messages import Event, publish

TOGETHER = 20  # entries in an event, so that it stays small enough for every bus


@dataclass(frozen=True)
class Entry:
    """One entry of the audit trail as the searchable one keeps it."""

    id: UUID
    customer_id: UUID
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    place: str
    program: str
    home_id: UUID | None
    on_behalf_id: UUID | None
    grant_id: UUID | None
    action: str
    subject_kind: str
    subject_id: UUID
    request_id: str | None
    run_id: UUID | None
    seq: int
    before: Any
    after: Any


@dataclass(frozen=True)
class AuditSealed(Event):
    """Some entries of one customer's trail have their place in its chain."""

    customer_id: UUID
    entries: tuple[Entry, ...]


def tell(session: Session, rows: list[Row[Any]], *, first: int) -> None:
    """Publish entries that have just been sealed, in their order; the first one's place is `first`."""
    database = database_of(session)
    value, origin = database.audit_value, database.audit_origin
    ids = [row.id for row in rows]
    values = {one.entry_id: one for one in session.execute(value.select().where(value.c.entry_id.in_(ids)))}
    origins = {one.entry_id: one for one in session.execute(origin.select().where(origin.c.entry_id.in_(ids)))}
    entries = [
        _entry(row, values.get(row.id), origins.get(row.id), place) for place, row in enumerate(rows, start=first)
    ]
    for start in range(0, len(entries), TOGETHER):
        some = tuple(entries[start : start + TOGETHER])
        publish(session, AuditSealed(some[-1].seq, some[0].customer_id, some))


def _entry(row: Row[Any], values: Row[Any] | None, origin: Row[Any] | None, seq: int) -> Entry:
    names = ("id", "customer_id", "at", "actor_kind", "actor_id", "home_id", "on_behalf_id", "grant_id", "action",
             "subject_kind", "subject_id", "request_id", "run_id")  # fmt: skip
    return Entry(
        **{name: getattr(row, name) for name in names}, seq=seq,
        actor_name=origin.actor_name if origin is not None else row.actor_name or "",
        place=origin.place if origin is not None else "", program=origin.program if origin is not None else "",
        before=values.before if values is not None else None, after=values.after if values is not None else None,
    )  # fmt: skip
