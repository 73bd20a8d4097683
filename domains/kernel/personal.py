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
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, false, or_
from sqlalchemy.orm import Session

from . import audit
from .columns import Id, Json
from .database import database_of
from .messages import acting, context
from .scrubbing import ERASED_NAME, ERASED_TEXT, scrub_messages, scrubbed, told_of
from .searching import tells_of

CLASSES = ("person", "contact", "secret", "financial", "free_text", "none")


@dataclass(frozen=True)
class Held:
    """What the columns of one table hold, by class, and what an erasure does to a person's rows.

    `subject` are columns with the id of a person; where there are none, or they are empty, `person` is found by name.
    `erase`: `words` replaces what tells of the person, `rows` deletes
    the rows, `kept` leaves them because the law wants them kept, which `why` names.
    """

    subject: str = ""
    person: str = ""  # who somebody is: names, facts about them
    contact: str = ""  # how somebody is reached
    secret: str = ""  # what proves somebody to be themselves; never told to anybody
    financial: str = ""  # what somebody owes and pays
    free_text: str = ""  # what people have typed, which may tell of anybody
    none: str = ""  # nothing about a person
    by_name: str = ""  # of `person`, where no id beside it tells whose name it is
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
    """What a domain knows of a person, as packed JSON: rows by table, without secrets.

    Of what others have written it tells what their own organisations have; another one's stays there. Where a row tells
    of the person but is not theirs, who else it names, and how they are reached, is left out.
    """
    told: dict[str, list[dict[str, Any]]] = {}
    for table, held, theirs in _of(session, register, whom):
        query = table.select().where(theirs & _at_home(table, held, whom))
        found = [row._mapping for row in session.execute(query)]
        rows = [_as_told(table, held, row, whom) for row in found if _tells(table, held, row, whom)]
        if rows:
            told[table.name] = rows
    entry = database_of(session).audit_entry
    done = session.execute(entry.select().where(entry.c.actor_id == str(whom.person_id)).order_by(entry.c.id)).all()
    if done:
        told["audit_entry"] = [dict(row._mapping) for row in done]
    return packed(told)


def _at_home(table: Table, held: Held, whom: Whom) -> ColumnElement[bool]:
    """The rows of the person's own organisations, and those with their id wherever they are."""
    own = [_is(table.c[column], whom) for column in held.subject.split()]
    if "customer_id" in table.c:
        return or_(*own, table.c.customer_id.in_(whom.customer_ids))
    return or_(false(), *own)


def _tells(table: Table, held: Held, row: Any, whom: Whom) -> bool:
    """Whether a row that was found tells of the person indeed, and not of somebody with a longer address."""
    texts, exact = _texts(table, held), (*held.subject.split(), *held.contact.split(), *held.person.split())
    known = (*whom.words, *whom.names)
    return any(tells_of(row[column], whom.words) for column in texts) or any(
        str(row[column]) in known for column in exact if column not in texts
    )


def _as_told(table: Table, held: Held, row: Any, whom: Whom) -> dict[str, Any]:
    own, known = _is_own(held, row, whom), (*whom.names, *whom.words)
    told = {column.name: row[column.name] for column in table.columns if held.class_of(column.name) != "secret"}
    of_others = () if own else (*held.person.split(), *held.contact.split(), *held.subject.split())
    return {name: None if name in of_others and str(value) not in known else value for name, value in told.items()}


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
    counts |= scrub_messages(session, whom)
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
        theirs += _by_name(table, held, whom)
        theirs += [told_of(table.c[column], whom) for column in _texts(table, held)]
        if theirs:
            yield table, held, or_(false(), *theirs)


def _by_name(table: Table, held: Held, whom: Whom) -> Iterator[ColumnElement[bool]]:
    """Rows of the person's own organisations that only a name makes theirs. Names are shared, and can be chosen."""
    if "customer_id" not in table.c or not whom.names:
        return
    here = table.c.customer_id.in_(whom.customer_ids)
    for column in _named(table, held):
        yield and_(here, table.c[column].in_(whom.names))
    unknown = [table.c[column].is_(None) for column in held.subject.split()]
    alone = [table.c[column].in_(whom.names) for column in held.person.split() if not _is_json(table.c[column])]
    if unknown and alone and held.erase != "rows":  # nobody's rows are deleted because they have the same name
        yield and_(here, *unknown, or_(*alone))


def _named(table: Table, held: Held) -> list[str]:
    """The columns that only a name is in."""
    names = (held.by_name if held.subject else held.person).split()
    return [column for column in names if not _is_json(table.c[column])]


def _texts(table: Table, held: Held) -> list[str]:
    """The columns in which a person may be told of among other things."""
    texts = [column for column in (*held.person.split(), *held.contact.split()) if _is_json(table.c[column])]
    return texts + (held.free_text.split() if held.erase != "rows" else [])


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


def _is_own(held: Held, row: Any, whom: Whom) -> bool:
    """Whether a row is the person's, and not only tells of them."""
    if any(row[column] is not None for column in held.subject.split()):
        return any(str(row[column]) == str(whom.person_id) for column in held.subject.split())
    here = row.get("customer_id") in whom.customer_ids
    return here and any(row[column] in whom.names for column in held.person.split())


def _changes(table: Table, held: Held, row: Any, whom: Whom) -> dict[str, Any]:
    """What becomes of a row: names, addresses and secrets go, and texts of the person's own; ids stay as pseudonyms."""
    own, here = _is_own(held, row, whom), row.get("customer_id") in whom.customer_ids
    changes: dict[str, Any] = {}
    for column in table.columns:
        kind, value = held.class_of(column.name), row[column.name]
        if value in (None, "", ERASED_NAME, ERASED_TEXT) or kind in (None, "none", "financial"):
            continue
        named = here and column.name in _named(table, held)
        new = _without(column, kind, value, whom, own=own, here=here, named=named)
        if new != value:
            changes[column.name] = new
    return changes


def _without(
    column: Column[Any], kind: str | None, value: Any, whom: Whom, *, own: bool, here: bool, named: bool
) -> Any:
    if _is_json(column):
        return scrubbed(value, whom, theirs=own or here)
    if kind == "person":
        return ERASED_NAME if own or (named and value in whom.names) else value
    if kind == "contact":
        replaced = f"{whom.person_id}@erased.invalid" if "@" in value else ""
        return replaced if own or value in whom.emails else value
    if kind == "secret":
        return (None if column.nullable else "") if own else value
    return ERASED_TEXT if own else scrubbed(value, whom)
