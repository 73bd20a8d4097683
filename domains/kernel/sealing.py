"""The sealer chains what is in the audit trail, and `verify` finds whatever was done to it since.

One HMAC chain for each domain and customer. Each new head also leaves the database (see `anchors`), so that a chain
that was cut off together with its head is found, too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from . import anchors, clock, trails
from .audit import ERASED, FORM
from .crypto import canonical, digest, keyed_digest
from .database import Database, insert_new, locked

log = logging.getLogger(__name__)
GENESIS = "0" * 64
SEALED_WITHIN = timedelta(hours=1)  # an entry that waits longer shows that no sealer runs
LOOKED_AT = 200  # broken entries of a chain among which one that was moved is looked for


def link(key: str, previous: str, seq: int, entry: Row[Any]) -> str:
    """The hash that ties an entry to the one before it. Times to the millisecond, which all our databases keep."""
    at = entry.at.isoformat(timespec="milliseconds")
    parts = (previous, str(seq), str(entry.id), str(entry.customer_id), at, entry.actor_kind, entry.actor_id)
    rest = (entry.action, entry.subject_kind, str(entry.subject_id), entry.request_id or "", _text(entry.run_id))
    if entry.form < FORM:
        return keyed_digest(key, *parts, entry.actor_name, *rest, entry.digest)
    whose = (_text(entry.home_id), _text(entry.on_behalf_id), _text(entry.grant_id))
    return keyed_digest(key, *parts, *rest, *whose, str(entry.form), entry.digest, entry.origin_digest or "")


def _text(id: UUID | None) -> str:
    return str(id) if id else ""


def seal(database: Database, key: str, *, limit: int = 200) -> int:
    """Chain up to `limit` waiting entries, one chain per customer; returns how many.

    Entries are chained in the order the sealer meets them: a transaction that commits late simply comes later. What is
    sealed is told to the searchable trail in the same commit; the heads leave the database after it.
    """
    entry, waiting = database.audit_entry, database.audit_waiting
    with database.begin() as session:
        due = entry.select().join(waiting, waiting.c.entry_id == entry.c.id).order_by(entry.c.id).limit(limit)
        chains: dict[UUID, list[Row[Any]]] = {}
        for row in session.execute(due):
            chains.setdefault(row.customer_id, []).append(row)
        heads = [_chained(session, database, key, chain) for _, chain in sorted(chains.items())]
    anchors.cast([head for head in heads if head is not None])
    return sum(head.count for head in heads if head is not None)


def _chained(session: Session, database: Database, key: str, chain: list[Row[Any]]) -> anchors.Head | None:
    """Seal entries of one customer, if no other sealer has done so by now."""
    head, seal_, waiting = database.audit_head, database.audit_seal, database.audit_waiting
    customer_id, ids = chain[0].customer_id, [row.id for row in chain]
    insert_new(session, head, {"customer_id": customer_id, "seq": 0, "hash": GENESIS}, "customer_id")
    top = session.execute(locked(head.select().where(head.c.customer_id == customer_id), head)).one()
    done = set(session.scalars(select(seal_.c.entry_id).where(seal_.c.entry_id.in_(ids))))
    still = set(session.scalars(select(waiting.c.entry_id).where(waiting.c.entry_id.in_(ids)))) - done
    seq, last, rows = top.seq, top.hash, []
    for row in chain:
        if row.id in still:
            previous, seq = last, seq + 1
            last = link(key, previous, seq, row)
            rows.append(
                {"entry_id": row.id, "customer_id": customer_id, "seq": seq, "previous": previous, "hash": last}
            )
    session.execute(waiting.delete().where(waiting.c.entry_id.in_(ids)))  # also those that were sealed long ago
    if not rows:
        return None
    session.execute(seal_.insert(), rows)
    session.execute(head.update().where(head.c.customer_id == customer_id).values(seq=seq, hash=last))
    trails.tell(session, [row for row in chain if row.id in still], first=top.seq + 1)
    return anchors.Head(f"{database.name}:{customer_id}", seq, last, clock.now(session), len(rows))


def anchor(database: Database) -> int:
    """Let the heads that have no anchor at their place leave the database; returns how many.

    For chains of a time before there were anchors, or whose anchors are lost: whoever calls it has looked into that.
    """
    head, outside = database.audit_head, anchors.known(database.name).chains
    with database.begin_read() as session:
        now = clock.now(session)
        tops = [
            anchors.Head(f"{database.name}:{row.customer_id}", row.seq, row.hash, now, 1)
            for row in session.execute(head.select().order_by(head.c.customer_id))
        ]
    alone = [top for top in tops if top.seq and top.seq not in outside.get(top.chain, {})]
    anchors.cast(alone)
    return len(alone)


def verify(database: Database, key: str) -> Iterator[str]:
    """Yield one line for each fault found in a domain's trail, naming the chain and the entry.

    Found are an entry that was edited, deleted, moved or cut off, values that were changed or are gone without an
    entry that says so or belong to none, entries that wait for their seal far too long, and a chain that is shorter
    than its anchors outside the database, or has none.
    """
    head, seal_ = database.audit_head, database.audit_seal
    known = anchors.known(database.name)
    outside = known.chains
    yield from (f"{database.name}: nobody can read the anchor in {where}" for where in known.unreadable)
    with database.begin_read() as session:
        tops = {row.customer_id: row for row in session.execute(head.select())}
        customers = set(session.scalars(select(seal_.c.customer_id).distinct())) | set(tops)
        customers |= {UUID(chain.partition(":")[2]) for chain in outside}
        for customer_id in sorted(customers):
            name = f"{database.name} {customer_id}"
            found = _chain_faults(session, database, key, customer_id, tops.get(customer_id))
            told = outside.get(f"{database.name}:{customer_id}", {})
            for fault in [*found, *_anchor_faults(session, database, customer_id, told)]:
                yield f"{name}: {fault}"
            if customer_id in tops:
                yield from (f"{name}: {fault}" for fault in _unanchored(session, database, tops[customer_id], told))
        yield from _unsealed(session, database)
        yield from _strays(session, database)
        yield from _value_faults(session, database)


def _chain_faults(
    session: Session, database: Database, key: str, customer_id: UUID, top: Row[Any] | None
) -> Iterator[str]:
    entry, seal_ = database.audit_entry, database.audit_seal
    places = seal_.select().where(seal_.c.customer_id == customer_id).order_by(seal_.c.seq)
    previous, expected, broken = GENESIS, 1, []
    for block in session.execute(places).partitions(500):
        ids = [place.entry_id for place in block]
        entries = {row.id: row for row in session.execute(entry.select().where(entry.c.id.in_(ids)))}
        for place in block:
            for gone in range(expected, min(place.seq, expected + 20)):
                yield f"entry {gone} is missing"
            found = entries.get(place.entry_id)
            if found is None:
                yield f"entry {place.seq} was deleted"
            elif place.previous != previous or link(key, place.previous, place.seq, found) != place.hash:
                broken.append((place, found))
            previous, expected = place.hash, place.seq + 1
    yield from _moved_or_changed(key, broken[:LOOKED_AT])
    if top is None:
        yield "the chain has lost its head"
    elif (previous, expected - 1) != (top.hash, top.seq):
        yield f"the chain ends at entry {expected - 1}, its head says {top.seq}"


def _moved_or_changed(key: str, broken: list[tuple[Row[Any], Row[Any]]]) -> Iterator[str]:
    """Which of the entries that do not fit were moved to another place, and which say something else now."""
    for place, found in broken:
        others = [other for other, _ in broken if other.entry_id != place.entry_id]
        sealed_as = next((one for one in others if link(key, one.previous, one.seq, found) == one.hash), None)
        was = next((one.seq for one in others if link(key, place.previous, one.seq, found) == place.hash), None)
        if sealed_as is not None or was is not None:
            at = sealed_as.seq if sealed_as is not None else was
            yield f"entry {place.seq} was moved: it was sealed as entry {at}"
        elif link(key, place.previous, place.seq, found) == place.hash:
            yield f"entry {place.seq} does not follow the one before it"
        else:
            yield f"entry {place.seq} was changed"


def _anchor_faults(session: Session, database: Database, customer_id: UUID, told: Mapping[int, str]) -> Iterator[str]:
    """What the heads that left the database know better."""
    seal_ = database.audit_seal
    hashes = select(seal_.c.seq, seal_.c.hash).where(seal_.c.customer_id == customer_id)
    here = {row.seq: row.hash for row in session.execute(hashes) if row.seq in told}
    lost = sorted(set(told) - set(here))
    if lost:
        yield f"cut off: an anchor outside the database knows entry {lost[-1]}, which is not there"
    for seq in sorted(here):
        if here[seq] != told[seq]:
            yield f"entry {seq} is another one than its anchor outside the database knows"


def _unanchored(session: Session, database: Database, top: Row[Any], told: Mapping[int, str]) -> Iterator[str]:
    """A head that nobody outside knows, though it should have left the database long ago: its end could be cut off."""
    if not top.seq or top.seq in told:
        return
    if not told:
        yield "no anchor outside the database knows this chain"
        return
    entry, seal_ = database.audit_entry, database.audit_seal
    newest = select(entry.c.at).join(seal_, seal_.c.entry_id == entry.c.id)
    newest = newest.where(seal_.c.customer_id == top.customer_id, seal_.c.seq == top.seq)
    if any(at < clock.now(session) - SEALED_WITHIN for at in session.scalars(newest)):
        yield f"no anchor outside the database knows entry {top.seq}, the newest; they know {max(told)}"


def _unsealed(session: Session, database: Database) -> Iterator[str]:
    """Entries that no sealer will ever meet."""
    entry, seal_, waiting = database.audit_entry, database.audit_seal, database.audit_waiting
    alone = select(entry.c.id, entry.c.customer_id).outerjoin(seal_, seal_.c.entry_id == entry.c.id)
    alone = alone.outerjoin(waiting, waiting.c.entry_id == entry.c.id)
    for row in session.execute(alone.where(seal_.c.entry_id.is_(None), waiting.c.entry_id.is_(None))):
        yield f"{database.name} {row.customer_id}: the entry {row.id} has lost its seal"
    late = select(entry.c.id, entry.c.customer_id, entry.c.at).join(waiting, waiting.c.entry_id == entry.c.id)
    for one in session.execute(late.where(entry.c.at < clock.now(session) - SEALED_WITHIN).order_by(entry.c.id)):
        yield f"{database.name} {one.customer_id}: the entry {one.id} waits for its seal since {one.at.isoformat()}"


def _strays(session: Session, database: Database) -> Iterator[str]:
    """Values and names that belong to no entry. Of a deleted entry, the chain tells already."""
    entry, seal_ = database.audit_entry, database.audit_seal
    for table, what in ((database.audit_value, "values"), (database.audit_origin, "name and place")):
        alone = select(table.c.entry_id).outerjoin(entry, entry.c.id == table.c.entry_id)
        alone = alone.outerjoin(seal_, seal_.c.entry_id == table.c.entry_id)
        for id in session.scalars(alone.where(entry.c.id.is_(None), seal_.c.entry_id.is_(None))):
            yield f"{database.name}: there are {what} for an entry {id}, which is not there"


def _value_faults(session: Session, database: Database) -> Iterator[str]:
    """Values and names that are other ones than were sealed, or are gone without an entry that says so."""
    entry, value, origin = database.audit_entry, database.audit_value, database.audit_origin
    told = select(value.c.after).join(entry, entry.c.id == value.c.entry_id).where(entry.c.action == ERASED)
    erased: dict[str, set[str]] = {"values": set(), "origins": set()}
    for lists in session.scalars(told):
        for kind, ids in erased.items():
            ids |= set((lists or {}).get(kind, ()))
    kept = select(entry.c.id, entry.c.form, entry.c.digest, entry.c.origin_digest, value, origin)
    kept = kept.add_columns(value.c.salt.label("value_salt"), origin.c.salt.label("origin_salt"))
    kept = kept.outerjoin(value, value.c.entry_id == entry.c.id).outerjoin(origin, origin.c.entry_id == entry.c.id)
    for row in session.execute(kept):
        values = {"before": row.before, "after": row.after}
        told_by = {"actor_name": row.actor_name, "place": row.place, "program": row.program}
        for kind, salt, known, sealed, what in (
            ("values", row.value_salt, values, row.digest, "values"),
            ("origins", row.origin_salt, told_by, row.origin_digest, "name and place"),
        ):
            if salt is None and sealed is not None and str(row.id) not in erased[kind]:
                yield f"{database.name}: the {what} of entry {row.id} are gone, and no entry says they were erased"
            elif salt is not None and digest(salt, canonical(known)) != sealed:
                yield f"{database.name}: the {what} of entry {row.id} were changed"
