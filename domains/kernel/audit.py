"""The audit trail: every change says who did it, from where and on whose behalf, in its own transaction.

The entry holds ids and salted digests; names, places and values lie apart from it, so that erasing a person's data
does not break the chain that the sealer makes of the entries (decision 12).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import cast, or_, select
from sqlalchemy.orm import Session

from . import clock
from .columns import LongText, cut
from .crypto import canonical, digest, token
from .database import database_of, new_id
from .messages import Context, context
from .searching import holds, spellings, tells_of
from .sets import Write, write_all

FORM = 2  # of entries as they are written now
ERASED = "audit.erase"  # the entry that says which values and names are gone


def record(
    session: Session,
    action: str,
    *,
    customer_id: UUID,
    subject: tuple[str, UUID],
    before: Any = None,
    after: Any = None,
    private: dict[str, Any] | None = None,
) -> None:
    """Append an entry to the audit trail in the transaction of the change.

    `action` is `domain.verb` such as `accounts.rename`; `subject` is (kind, id); `before` and `after` hold the values
    that changed by their names, as a dict or a dataclass, never secrets. What somebody does for another organisation
    than their own stands in both organisations' trails; `private` are values after the change that only the one of
    their own tells, such as what staff note about a customer's run.
    """
    cause, now = context(), clock.now(session)
    home_id = cause.origin.home_id if cause.origin.home_id != customer_id else None
    about = {"action": action, "subject_kind": subject[0], "subject_id": subject[1], "at": now}
    about |= {"home_id": home_id, "on_behalf_id": customer_id if home_id else None}
    for trail in (customer_id, home_id) if home_id else (customer_id,):
        known = {**(after or {}), **private} if private and trail == cause.origin.home_id else after
        values = msgspec.to_builtins({"before": before, "after": known}, str_keys=True)  # as they will be read again
        _append(session, cause, about | {"customer_id": trail}, values)


def _append(session: Session, cause: Context, about: dict[str, Any], values: dict[str, Any]) -> None:
    database, entry_id, salts = database_of(session), new_id(), (token(), token())
    told = {"actor_name": cut(cause.actor.name, 200), "place": cause.origin.place[:64]}
    told["program"] = cut(cause.origin.program, 120)
    entry = about | {
        "id": entry_id, "actor_kind": cause.actor.kind, "actor_id": cause.actor.id, "form": FORM,
        "request_id": cause.request_id or None, "run_id": cause.run_id, "grant_id": cause.origin.grant_id,
        "digest": digest(salts[0], canonical(values)), "origin_digest": digest(salts[1], canonical(told)),
    }  # fmt: skip
    write_all(session, [
        Write(database.audit_value, [{"entry_id": entry_id, "salt": salts[0], **values}]),
        Write(database.audit_origin, [{"entry_id": entry_id, "salt": salts[1], **told}]),
        Write(database.audit_waiting, [{"entry_id": entry_id}]),
        Write(database.audit_entry, [entry]),
    ])  # fmt: skip


def erase(session: Session, *, person_id: UUID, words: tuple[str, ...]) -> dict[str, int]:
    """Destroy what the trail knows of a person: their name and places, and values that hold one of `words`.

    `words` are what they are known by, such as their e-mail address. The entries stay, and one more in each chain says
    which have lost what; without it, `verify` reports the loss. Gives how many of each are gone.
    """
    database = database_of(session)
    entry, value, origin = database.audit_entry, database.audit_value, database.audit_origin
    spelt = [way for word in words for way in spellings(word)]
    texts = [holds(cast(column, LongText), way) for column in (value.c.before, value.c.after) for way in spelt]
    named = select(entry.c.customer_id, entry.c.id).join(origin, origin.c.entry_id == entry.c.id)
    named = named.where(entry.c.actor_id == str(person_id), entry.c.action != ERASED)
    told = select(entry.c.customer_id, entry.c.id, entry.c.subject_id, value.c.before, value.c.after)
    told = told.join(value, value.c.entry_id == entry.c.id)
    told = told.where(entry.c.action != ERASED, or_(entry.c.subject_id == person_id, *texts))
    theirs = [row for row in session.execute(told) if row.subject_id == person_id or tells_of(list(row[3:]), words)]
    gone: dict[UUID, dict[str, list[UUID]]] = {}
    for kind, rows in (("origins", session.execute(named)), ("values", theirs)):
        for customer_id, id, *_ in rows:
            gone.setdefault(customer_id, {"origins": [], "values": []})[kind].append(id)
    for customer_id, lists in sorted(gone.items()):
        for kind, table in (("origins", origin), ("values", value)):
            for start in range(0, len(lists[kind]), 200):
                session.execute(table.delete().where(table.c.entry_id.in_(lists[kind][start : start + 200])))
        record(session, ERASED, customer_id=customer_id, subject=("person", person_id), after=lists)
    return {kind: sum(len(lists[kind]) for lists in gone.values()) for kind in ("origins", "values")}
