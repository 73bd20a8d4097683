"""Personal data: what each column may hold, and a person's right to have it told and to have it erased.

Each domain keeps a register of its tables (its `personal` module); a column that can hold words and is in no register
fails a test. What a person is found by are their id, their e-mail address, and their name within their organisations.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, cast, false, or_, select
from sqlalchemy.orm import Session

from . import audit, clock
from .columns import Id, Json, LongText
from .database import database_of
from .messages import acting, context
from .searching import holds

CLASSES = ("person", "contact", "secret", "financial", "free_text", "none")
ERASED_NAME, ERASED_TEXT = "Erased person", "[erased]"


@dataclass(frozen=True)
class Held:
    """What the columns of one table hold, by class, and what an erasure does to a person's rows.

    `subject` are columns with the id of a person. `erase`: `words` replaces what tells of the person, `rows` deletes
    the rows, `kept` leaves them because the law wants them kept, which `why` names.
    """

    subject: str = ""
    person: str = ""  # who somebody is: names, facts about them
    contact: str = ""  # how somebody is reached
    secret: str = ""  # what proves somebody to be themselves; never told to anybody
    financial: str = ""  # what somebody owes and pays
    free_text: str = ""  # what people have typed, which may tell of anybody
    none: str = ""  # nothing about a person
    erase: str = "words"
    why: str = ""

    def class_of(self, column: str) -> str | None:
        """The class that the register gives a column."""
        found = [name for name in CLASSES if column in getattr(self, name).split()]
        return found[0] if found else None

    def columns(self) -> set[str]:
        """All columns that the register names."""
        return {column for one in fields(self) if one.name in CLASSES for column in getattr(self, one.name).split()}


Register = Mapping[str, Held]
SHARED: Register = {
    "inbox": Held(person="reply", none="phase outcome"),
    "outbox": Held(person="body", none="type traceparent"),
    "consumed": Held(),
    "idempotency": Held(person="body", none="key request_digest headers"),
    "number_series": Held(none="series"),
    "stamp": Held(none="topic"),
    "audit_entry": Held(
        person="actor_id actor_name", none="actor_kind action subject_kind request_id digest origin_digest"
    ),
    "audit_value": Held(free_text="before after", none="salt"),
    "audit_origin": Held(person="actor_name program", contact="place", none="salt"),
    "audit_waiting": Held(),
    "audit_seal": Held(none="previous hash"),
    "audit_head": Held(none="hash"),
}


@dataclass(frozen=True)
class Whom:
    """Somebody as the domains know them: by id, by addresses, and by name within their organisations."""

    person_id: UUID
    names: tuple[str, ...]
    emails: tuple[str, ...]
    customer_ids: tuple[UUID, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What tells of them wherever it stands in a text."""
        return (*self.emails, str(self.person_id))


def register_of(register: Register) -> Register:
    """A domain's register with the tables that every domain has."""
    return {**SHARED, **register}


def export(session: Session, register: Register, whom: Whom) -> str:
    """What a domain knows of a person, as packed JSON: rows by table, without secrets."""
    told: dict[str, list[dict[str, Any]]] = {}
    for table, held, theirs in _of(session, register, whom):
        names = [column.name for column in table.columns if held.class_of(column.name) != "secret"]
        rows = session.execute(select(*(table.c[name] for name in names)).where(theirs)).all()
        if rows:
            told[table.name] = [dict(zip(names, row, strict=True)) for row in rows]
    entry = database_of(session).audit_entry
    done = session.execute(entry.select().where(entry.c.actor_id == str(whom.person_id)).order_by(entry.c.id)).all()
    if done:
        told["audit_entry"] = [dict(row._mapping) for row in done]
    return packed(told)


def packed(told: Any) -> str:
    """JSON, compressed, as text that travels in a message."""
    raw = json.dumps(told, ensure_ascii=False, default=str, sort_keys=True)
    return base64.b64encode(zlib.compress(raw.encode(), 9)).decode()


def unpacked(text: str) -> Any:
    """What `packed` has packed."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def erase(session: Session, register: Register, whom: Whom) -> dict[str, int]:
    """Erase a person in a domain: rows by table that were deleted, changed, or kept by law (`table (kept)`).

    Doing it again finds nothing more. The audit trail loses their name, places and values, and stays whole.
    """
    with nameless(whom):
        return _erase(session, register, whom)


def _erase(session: Session, register: Register, whom: Whom) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table, held, theirs in _of(session, register, whom):
        count = _erased(session, table, held, theirs, whom)
        if count:
            counts[table.name + (" (kept)" if held.erase == "kept" else "")] = count
    counts |= _messages(session, whom)
    gone = audit.erase(session, person_id=whom.person_id, words=whom.words)
    return counts | {f"audit_{name}": count for name, count in gone.items() if count}


@contextmanager
def nameless(whom: Whom) -> Iterator[None]:
    """Let who erases themselves leave no name and no place in what is recorded about it within the `with`."""
    cause = context()
    if cause.actor.id != str(whom.person_id):
        yield
        return
    with acting(actor=replace(cause.actor, name=ERASED_NAME), origin=replace(cause.origin, place="", program="")):
        yield


def _of(session: Session, register: Register, whom: Whom) -> Iterator[tuple[Table, Held, ColumnElement[bool]]]:
    """A domain's own tables that may tell of a person, and by what their rows are found."""
    tables = database_of(session).metadata.tables
    for name, held in sorted(register.items()):
        table = tables[name]
        theirs = [_is(table.c[column], whom) for column in held.subject.split()]
        theirs += [table.c[column].in_(whom.emails) for column in held.contact.split() if not _is_json(table.c[column])]
        named = [table.c[column].in_(whom.names) for column in held.person.split() if not _is_json(table.c[column])]
        alone = held.erase == "rows" and held.subject  # nobody's rows are deleted because they have the same name
        if named and "customer_id" in table.c and not alone:
            theirs.append(and_(table.c.customer_id.in_(whom.customer_ids), or_(*named)))
        texts = [
            table.c[column] for column in (*held.person.split(), *held.contact.split()) if _is_json(table.c[column])
        ]
        texts += [table.c[column] for column in held.free_text.split() if held.erase != "rows"]
        theirs += [holds(cast(column, LongText), word) for column in texts for word in whom.words]
        if theirs:
            yield table, held, or_(false(), *theirs)


def _is(column: Column[Any], whom: Whom) -> ColumnElement[bool]:
    return column == (whom.person_id if isinstance(column.type, Id) else str(whom.person_id))


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, Json)


def _erased(session: Session, table: Table, held: Held, theirs: ColumnElement[bool], whom: Whom) -> int:
    if held.erase == "rows":
        return int(session.execute(table.delete().where(theirs)).rowcount)  # type: ignore[attr-defined]
    count = 0
    keys = list(table.primary_key.columns)
    for row in session.execute(table.select().where(theirs)).all():
        found = row._mapping
        changes = {} if held.erase == "kept" else _changes(table, held, found, whom)
        if changes:
            same = and_(*(key == found[key.name] for key in keys))
            session.execute(table.update().where(same).values(changes))
        count += bool(changes) or held.erase == "kept"
    return count


def _changes(table: Table, held: Held, row: Any, whom: Whom) -> dict[str, Any]:
    """What becomes of a row: names, addresses and secrets go, and texts of the person's own; ids stay as pseudonyms."""
    own = any(str(row[column]) == str(whom.person_id) for column in held.subject.split())
    own = own or (not held.subject and any(row[column] in whom.names for column in held.person.split()))
    changes: dict[str, Any] = {}
    for column in table.columns:
        kind, value = held.class_of(column.name), row[column.name]
        if value in (None, "", ERASED_NAME, ERASED_TEXT) or kind in (None, "none", "financial"):
            continue
        new = _without(column, kind, value, whom, own)
        if new != value:
            changes[column.name] = new
    return changes


def _without(column: Column[Any], kind: str | None, value: Any, whom: Whom, own: bool) -> Any:
    if _is_json(column):
        return scrubbed(value, whom)
    if kind == "person":
        return ERASED_NAME if own or value in whom.names else value
    if kind == "contact":
        replaced = f"{whom.person_id}@erased.invalid" if "@" in value else ""
        return replaced if own or value in whom.emails else value
    if kind == "secret":
        return (None if column.nullable else "") if own else value
    return ERASED_TEXT if own else scrubbed(value, whom)


def scrubbed(value: Any, whom: Whom) -> Any:
    """The same without the person's names and addresses, however deep they stand."""
    if isinstance(value, dict):
        return {name: scrubbed(one, whom) for name, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, whom) for one in value]
    if isinstance(value, str):
        if value in whom.names:
            return ERASED_NAME
        for email in whom.emails:
            value = value.replace(email, f"{whom.person_id}@erased.invalid")
    return value


def _without_places(body: Any, whom: Whom) -> Any:
    """An event without the person's names and addresses, and without from where they acted."""
    entries = body.get("entries") if isinstance(body, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if entry.get("actor_id") == str(whom.person_id):
            entry |= {"place": "", "program": "", "before": None, "after": None}
    return scrubbed(body, whom)


def _messages(session: Session, whom: Whom) -> dict[str, int]:
    """Messages of the past that tell of the person: what was published goes, replies that are kept lose the words."""
    database, counts = database_of(session), {}
    outbox, inbox, idempotency = database.outbox, database.inbox, database.idempotency
    told = or_(*(holds(cast(outbox.c.body, LongText), word) for word in whom.words))
    gone: Any = session.execute(outbox.delete().where(told, outbox.c.published_at.is_not(None)))
    counts["outbox"] = int(gone.rowcount)
    for row in session.execute(select(outbox.c.position, outbox.c.body).where(told)).all():  # still on their way
        session.execute(outbox.update().where(outbox.c.position == row[0]).values(body=_without_places(row[1], whom)))
    replies = holds(cast(inbox.c.reply, LongText), '_part"')  # what an export has told of anybody
    long_ago = inbox.c.at < clock.now(session) - timedelta(hours=1)  # nobody waits for it any more
    session.execute(inbox.update().where(replies, long_ago).values(reply={}))
    for table, column in ((inbox, inbox.c.reply), (idempotency, idempotency.c.body)):
        (key,) = table.primary_key.columns
        kept = or_(*(holds(cast(column, LongText), word) for word in whom.words))
        for row in session.execute(select(key, column).where(kept)).all():
            session.execute(table.update().where(key == row[0]).values({column.name: scrubbed(row[1], whom)}))
            counts[table.name] = counts.get(table.name, 0) + (scrubbed(row[1], whom) != row[1])
    return {name: count for name, count in counts.items() if count}
