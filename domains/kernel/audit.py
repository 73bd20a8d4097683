"""The audit trail: every change says who did it, in its own transaction, and a sealer chains the entries.

The chain holds salted digests, not values, so that erasing a person's data does not break it (decision 12).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from . import clock
from .crypto import canonical, digest, keyed_digest, token
from .database import Database, database_of, insert_new, locked, new_id
from .messages import context

log = logging.getLogger(__name__)
GENESIS = "0" * 64


def record(
    session: Session,
    action: str,
    *,
    customer_id: UUID,
    subject: tuple[str, UUID],
    before: Any = None,
    after: Any = None,
) -> None:
    """Append an entry to the audit trail in the transaction of the change.

    `action` is `domain.verb` such as `accounts.rename`; `subject` is (kind, id); `before` and `after` hold the values
    that changed by their names, as a dict or a dataclass, never secrets.
    """
    database, cause, salt, entry_id = database_of(session), context(), token(), new_id()
    values = msgspec.to_builtins({"before": before, "after": after}, str_keys=True)  # as they will be read again
    session.execute(database.audit_value.insert().values(entry_id=entry_id, salt=salt, **values))
    session.execute(
        database.audit_entry.insert().values(
            id=entry_id, customer_id=customer_id, at=clock.now(session), actor_kind=cause.actor.kind,
            actor_id=cause.actor.id, actor_name=cause.actor.name, action=action, subject_kind=subject[0],
            subject_id=subject[1], request_id=cause.request_id or None, run_id=cause.run_id,
            digest=digest(salt, canonical(values)),
        )
    )  # fmt: skip


def _link(key: str, previous: str, seq: int, entry: Row[Any]) -> str:
    """The hash that ties an entry to the one before it. Times to the millisecond, which all our databases keep."""
    at = entry.at.isoformat(timespec="milliseconds")
    run = str(entry.run_id) if entry.run_id else ""
    parts = (previous, str(seq), str(entry.id), str(entry.customer_id), at, entry.actor_kind, entry.actor_id)
    rest = (entry.actor_name, entry.action, entry.subject_kind, str(entry.subject_id), entry.request_id or "", run)
    return keyed_digest(key, *parts, *rest, entry.digest)


def seal(database: Database, key: str, *, limit: int = 200) -> int:
    """Chain up to `limit` unsealed entries, one chain per customer; returns how many.

    Entries are chained in the order the sealer meets them: a transaction that commits late simply comes later.
    """
    entry, head = database.audit_entry, database.audit_head
    with database.begin() as session:
        waiting = select(entry.c.customer_id).where(entry.c.seq.is_(None)).order_by(entry.c.id).limit(limit)
        customers = sorted(set(session.scalars(waiting)))
        sealed = 0
        for customer_id in customers:
            insert_new(session, head, {"customer_id": customer_id, "seq": 0, "hash": GENESIS}, "customer_id")
            top = session.execute(locked(head.select().where(head.c.customer_id == customer_id), head)).one()
            seq, previous = top.seq, top.hash
            unsealed = entry.select().where(entry.c.customer_id == customer_id, entry.c.seq.is_(None))
            for row in session.execute(unsealed.order_by(entry.c.id).limit(limit)).all():
                seq, before = seq + 1, previous
                previous = _link(key, before, seq, row)
                values = {"seq": seq, "previous": before, "hash": previous}
                session.execute(entry.update().where(entry.c.id == row.id).values(values))
            session.execute(head.update().where(head.c.customer_id == customer_id).values(seq=seq, hash=previous))
            sealed += seq - top.seq
            # The log leaves the machine: an anchor outside the database shows a chain cut off at its end.
            log.info("audit head", extra={"chain": f"{database.name}:{customer_id}", "seq": seq, "hash": previous})
    return sealed


def verify(database: Database, key: str) -> Iterator[str]:
    """Yield one line for each fault found in a domain's chains: an edit, a deletion, another order, a cut end.

    What was cut off together with its head shows only against the heads in the log, which has left the machine.
    """
    entry, value, head = database.audit_entry, database.audit_value, database.audit_head
    with database.begin_read() as session:
        for top in session.execute(head.select().order_by(head.c.customer_id)).all():
            previous, expected = GENESIS, 1
            rows = entry.select().where(entry.c.customer_id == top.customer_id, entry.c.seq.is_not(None))
            for row in session.execute(rows.order_by(entry.c.seq)):
                if row.seq != expected:
                    yield f"{database.name} {top.customer_id}: entry {expected} is missing"
                if row.previous != previous or _link(key, row.previous, row.seq, row) != row.hash:
                    yield f"{database.name} {top.customer_id}: entry {row.seq} was changed"
                previous, expected = row.hash, row.seq + 1
            if (previous, expected - 1) != (top.hash, top.seq):
                yield f"{database.name} {top.customer_id}: the chain ends at {expected - 1}, its head says {top.seq}"
        sealed = select(entry.c.customer_id).where(entry.c.seq.is_not(None)).distinct()
        for customer_id in session.scalars(sealed.where(entry.c.customer_id.not_in(select(head.c.customer_id)))):
            yield f"{database.name} {customer_id}: the chain has lost its head"
        kept = select(entry.c.id, entry.c.digest, value).join(value, value.c.entry_id == entry.c.id)
        for row in session.execute(kept):
            if digest(row.salt, canonical({"before": row.before, "after": row.after})) != row.digest:
                yield f"{database.name}: the values of entry {row.id} were changed"


def as_json(values: Any) -> str:
    """Audit values as text for people."""
    return json.dumps(values, ensure_ascii=False, indent=1, default=str)
