"""Finding what was done: by person, action, subject, time and any word."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from domains.kernel.errors import NotFound, Refused
from domains.kernel.paging import Page, page
from domains.kernel.searching import holds
from domains.kernel.spreadsheet import as_csv
from domains.kernel.tenancy import Scope

from ..models import OrganisationRef, TrailEntry

LONGEST_EXPORT = 50_000  # entries; who needs more takes them month by month
COLUMNS = (
    "id", "at", "domain", "action", "actor_kind", "actor_id", "actor_name", "place", "program", "customer_id",
    "home_id", "on_behalf_id", "grant_id", "subject_kind", "subject_id", "request_id", "run_id", "seq", "before",
    "after",
)  # fmt: skip


@dataclass(frozen=True)
class Sought:
    """Which entries of the trail are meant; what is None does not matter."""

    customer_id: UUID | None = None
    actor_id: str | None = None
    action: str | None = None  # an action, or a domain's: `users.` finds all of them
    subject_id: UUID | None = None
    run_id: UUID | None = None
    grant_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


def list_entries(
    session: Session, scope: Scope, sought: Sought, *, cursor: str | None = None, limit: int = 50
) -> Page[TrailEntry]:
    """Entries of trails that the caller may read, newest first."""
    return page(session, _found(scope, sought), TrailEntry.id, cursor=cursor, limit=limit, filters=asdict(sought))


def get_entry(session: Session, scope: Scope, entry_id: UUID) -> TrailEntry:
    """One entry; NotFound for one of another's trail."""
    query = select(TrailEntry).where(TrailEntry.id == entry_id, scope.covers(TrailEntry))
    found: TrailEntry | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such entry.", code="audit_entry_not_found", field="audit_entry_id")
    return found


def export_entries(session: Session, scope: Scope, sought: Sought, *, kind: str) -> tuple[str, int]:
    """All that is meant, oldest first, as `csv` or as JSON lines, and how many. Refused when there are too many."""
    query = _found(scope, sought).order_by(TrailEntry.id).limit(LONGEST_EXPORT + 1)
    found = list(session.scalars(query))
    if len(found) > LONGEST_EXPORT:
        raise Refused("These are too many entries for one file: choose a shorter time.", code="export_too_long")
    return (_as_csv(found) if kind == "csv" else _as_lines(found)), len(found)


def names_of(session: Session, scope: Scope, customer_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of organisations in the caller's scope."""
    query = select(OrganisationRef).where(
        OrganisationRef.customer_id.in_(set(customer_ids)), scope.covers(OrganisationRef)
    )
    return {one.customer_id: one.name for one in session.scalars(query)}


def _found(scope: Scope, sought: Sought) -> Select[Any]:
    query = select(TrailEntry).where(scope.covers(TrailEntry))
    for name in ("customer_id", "actor_id", "subject_id", "run_id", "grant_id"):
        if getattr(sought, name) is not None:
            query = query.where(getattr(TrailEntry, name) == getattr(sought, name))
    if sought.action:
        named = TrailEntry.action == sought.action
        query = query.where(TrailEntry.action.startswith(sought.action) if sought.action.endswith(".") else named)
    if sought.since is not None:
        query = query.where(TrailEntry.at >= sought.since)
    if sought.until is not None:
        query = query.where(TrailEntry.at < sought.until)
    for word in (sought.q or "").lower().split():
        query = query.where(holds(TrailEntry.words, word))
    return query


def _as_csv(entries: list[TrailEntry]) -> str:
    return as_csv(COLUMNS, ([_text(getattr(entry, name)) for name in COLUMNS] for entry in entries))


def _as_lines(entries: list[TrailEntry]) -> str:
    known = ({name: getattr(entry, name) for name in COLUMNS} for entry in entries)
    return "".join(
        json.dumps(one | {"at": one["at"].isoformat()}, ensure_ascii=False, default=str) + "\n" for one in known
    )


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)
