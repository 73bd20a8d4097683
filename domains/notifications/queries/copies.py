"""The searchable trail against the chains that it is a copy of: who reads only the copy must not be deceived by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.audit import FORM
from domains.kernel.database import Database
from domains.kernel.sealing import SEALED_WITHIN

from ..models import ErasedPerson, TrailEntry, db

BLOCK = 500
FACTS = ("customer_id", "actor_kind", "actor_id", "home_id", "on_behalf_id", "grant_id", "action", "subject_kind",
         "subject_id", "request_id", "run_id")  # fmt: skip


def copy_faults(database: Database) -> Iterator[str]:
    """Yield one line for each copy of a domain's entries that says something else, is missing, or is of no entry.

    What erasures have taken out of a copy is no fault, nor what has been told within the last hour only.
    """
    with db.begin_read() as session:
        erased = {str(id) for id in session.scalars(select(ErasedPerson.person_id))}
    with database.begin_read() as session:
        for rows in session.execute(_sealed(database)).partitions(BLOCK):
            copies, recent = _copies(rows), clock.now(session) - SEALED_WITHIN
            for row in rows:
                copy = copies.get(row.id)
                if copy is None and row.form >= FORM and row.at < recent:
                    yield f"{database.name}: the searchable trail lacks entry {row.id}"
                elif copy is not None and _differs(row, copy, erased):
                    yield f"{database.name}: the searchable trail says something else than entry {row.id}"
        yield from _invented(session, database)


def _sealed(database: Database) -> Any:
    entry, seal, value, origin = database.audit_entry, database.audit_seal, database.audit_value, database.audit_origin
    query = select(entry, seal.c.seq, value.c.before, value.c.after, value.c.salt.label("value_salt"))
    query = query.add_columns(origin.c.actor_name.label("told"), origin.c.place, origin.c.program)
    query = query.join(seal, seal.c.entry_id == entry.c.id).outerjoin(value, value.c.entry_id == entry.c.id)
    return query.outerjoin(origin, origin.c.entry_id == entry.c.id).order_by(entry.c.id)


def _copies(rows: Sequence[Row[Any]]) -> dict[UUID, TrailEntry]:
    with db.begin_read() as session:
        found = session.scalars(select(TrailEntry).where(TrailEntry.id.in_([row.id for row in rows])))
        return {copy.id: copy for copy in found}


def _differs(row: Row[Any], copy: TrailEntry, erased: set[str]) -> bool:
    if any(getattr(row, name) != getattr(copy, name) for name in FACTS):
        return True
    if (row.seq, _moment(row.at)) != (copy.seq, _moment(copy.at)):
        return True
    if row.actor_id in erased or str(row.subject_id) in erased:
        return False  # an erasure has been here, and leaves less in the copy than in the chain
    if row.told is not None and (row.told, row.place, row.program) != (copy.actor_name, copy.place, copy.program):
        return True
    return row.value_salt is not None and (row.before, row.after) != (copy.before, copy.after)


def _moment(at: Any) -> str:
    return str(at.isoformat(timespec="milliseconds"))


def _invented(session: Session, database: Database) -> Iterator[str]:
    """Copies of entries that are in no chain."""
    entry = database.audit_entry
    with db.begin_read() as copies:
        kept = select(TrailEntry.id).where(TrailEntry.domain == database.name).order_by(TrailEntry.id)
        for ids in copies.scalars(kept).partitions(BLOCK):
            known = set(session.scalars(select(entry.c.id).where(entry.c.id.in_(ids))))
            yield from (f"{database.name}: the searchable trail invents entry {id}" for id in ids if id not in known)
