"""The searchable copy of the audit trail: fed by what is sealed in every domain, found by owners (decision 12)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.crypto import digest
from domains.kernel.database import insert_new
from domains.kernel.errors import Refused
from domains.kernel.messages import context
from domains.kernel.scrubbing import ERASED_NAME
from domains.kernel.trails import Entry

from ..models import ErasedPerson, OrganisationRef, TrailEntry, db

EXPORTS_AN_HOUR = 20  # of one person or program


def know_organisation(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, name: str, version: int
) -> None:
    """Note whose trail it is; older facts are left aside. Its reseller then also sees entries that came before."""
    row = {"customer_id": customer_id, "reseller_id": reseller_id, "name": name, "version": version}
    if not insert_new(session, OrganisationRef.__table__, row, "customer_id"):
        known = session.get_one(OrganisationRef, customer_id)
        if known.version >= version:
            return
        known.reseller_id, known.name, known.version = reseller_id, name, version
    if reseller_id is not None:
        own = TrailEntry.__table__.update().where(TrailEntry.customer_id == customer_id)
        session.execute(own.where(TrailEntry.reseller_id.is_(None)).values(reseller_id=reseller_id))


def keep_entries(session: Session, *, domain: str, customer_id: UUID, entries: tuple[Entry, ...]) -> None:
    """Keep entries of one customer's trail. Each is kept once, however often it is told."""
    owner = session.get(OrganisationRef, customer_id)
    people, gone = _erased_among(session, entries), _named_as_erased(session, customer_id)
    for entry in (_as_erased(entry, people, gone) for entry in entries):
        facts = {name: getattr(entry, name) for name in entry.__dataclass_fields__}
        row = facts | {"domain": domain, "reseller_id": owner.reseller_id if owner else None, "words": words_of(entry)}
        insert_new(session, TrailEntry.__table__, row, "id")
        if entry.action == audit.ERASED:
            _follow(session, entry)


def _erased_among(session: Session, entries: tuple[Entry, ...]) -> set[str]:
    """Who of those that some entries tell of was erased: an old message must not bring them back."""
    ids = [UUID(entry.actor_id) for entry in entries if entry.actor_kind == "user" and len(entry.actor_id) == 36]
    ids += [entry.subject_id for entry in entries]
    return {str(id) for id in session.scalars(select(ErasedPerson.person_id).where(ErasedPerson.person_id.in_(ids)))}


def _named_as_erased(session: Session, customer_id: UUID) -> dict[str, set[str]]:
    """The entries of a customer's trail that have lost their names or values, as it says itself."""
    erasures = select(TrailEntry.after).join(ErasedPerson, ErasedPerson.person_id == TrailEntry.subject_id)
    erasures = erasures.where(TrailEntry.customer_id == customer_id, TrailEntry.action == audit.ERASED)
    gone: dict[str, set[str]] = {"origins": set(), "values": set()}
    for lists in session.scalars(erasures):
        for kind, ids in gone.items():
            ids |= set((lists or {}).get(kind, ()))
    return gone


def _as_erased(entry: Entry, people: set[str], gone: dict[str, set[str]]) -> Entry:
    """An entry as it may be kept. What says that somebody was erased names nobody and stays."""
    if entry.actor_id in people or str(entry.id) in gone["origins"]:
        entry = replace(entry, actor_name=ERASED_NAME, place="", program="")
    about = entry.subject_kind != "person" and (entry.actor_id in people or str(entry.subject_id) in people)
    if about or str(entry.id) in gone["values"]:
        entry = replace(entry, before=None, after=None)
    return entry


def _follow(session: Session, erasure: Entry) -> None:
    """Let copies lose what their entries have lost."""
    lists = erasure.after or {}
    gone = {kind: {str(id) for id in lists.get(kind, ())} for kind in ("origins", "values")}
    ids = sorted(gone["origins"] | gone["values"])
    for start in range(0, len(ids), 200):
        some = [UUID(id) for id in ids[start : start + 200]]
        for copy in session.scalars(select(TrailEntry).where(TrailEntry.id.in_(some))):
            if str(copy.id) in gone["origins"]:
                copy.actor_name, copy.place, copy.program = ERASED_NAME, "", ""
            if str(copy.id) in gone["values"]:
                copy.before, copy.after = None, None
            copy.words = words_of(copy)


def words_of(entry: Any) -> str:
    """What free text finds an entry by: who, what, where, and the values."""
    values = json.dumps([entry.before, entry.after], ensure_ascii=False, default=str)
    said = (
        entry.actor_name,
        entry.action,
        entry.subject_kind,
        str(entry.subject_id),
        entry.place,
        entry.program,
        values,
    )
    return " ".join(filter(None, said)).lower()


def begin_export(session: Session, *, by: str) -> None:
    """Count an export of somebody's. Refused beyond so many in an hour by the clock, with the seconds to wait."""
    now = clock.now(session)
    keys = [digest("trail export", by, f"{now:%Y-%m-%dT%H}", str(number)) for number in range(EXPORTS_AN_HOUR)]
    known = db.idempotency.c.key
    taken = set(session.scalars(select(known).where(known.in_(keys))))
    for key in (key for key in keys if key not in taken):
        if insert_new(session, db.idempotency, {"key": key, "request_digest": key, "status": 0, "at": now}, "key"):
            return
    wait = 3600 - (now.minute * 60 + now.second)
    raise Refused(
        "You have exported the log often within this hour. Try again in %(minutes)s minutes.",
        code="too_many_attempts", minutes=-(-wait // 60), retry_after=wait,
    )  # fmt: skip


def note_export(session: Session, *, customer_id: UUID | None, count: int, kind: str) -> None:
    """Record that somebody took entries of the trail with them; of staff who act for nobody, in their own trail."""
    whose = customer_id or context().origin.home_id
    if whose is not None:
        known: dict[str, Any] = {"customer_id": whose, "subject": ("trail", whose)}
        audit.record(session, "notifications.export_trail", **known, after={"entries": count, "format": kind})
