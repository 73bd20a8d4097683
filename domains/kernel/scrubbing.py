"""Takes a person out of texts and messages that tell of others, too, and leaves those as they are.

An address goes wherever it stands by itself. A name is a word like any other: it goes only where it stands for
somebody, and only beside their id or address or in what their own organisations have said.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, cast, or_, select
from sqlalchemy.orm import Session

from . import clock
from .columns import LongText
from .database import database_of
from .searching import holds, spellings, tells_of, whole

if TYPE_CHECKING:
    from .personal import Whom

ERASED_NAME, ERASED_TEXT = "Erased person", "[erased]"
_CALLED = re.compile(r"(^|_)(name|author|who|by)$")  # under which names of people stand


def told_of(column: Column[Any], whom: Whom) -> ColumnElement[bool]:
    """Whether a column may tell of somebody; what it finds is looked at again with `tells_of`."""
    ways = [way for word in whom.words for way in spellings(word)]
    return or_(*(holds(cast(column, LongText), way) for way in ways))


def scrubbed(value: Any, whom: Whom, *, theirs: bool = False, called: bool = False) -> Any:
    """The same without the person's addresses, and without their names, however deep they stand.

    `theirs`: it is of an organisation of theirs, or stands beside their id or address; `called`: where a name stands.
    """
    if isinstance(value, dict):
        known = theirs or any(isinstance(one, str) and one in whom.words for one in value.values())
        told = value.items()
        return {key: scrubbed(one, whom, theirs=known, called=bool(_CALLED.search(key))) for key, one in told}
    if isinstance(value, list):
        return [scrubbed(one, whom, theirs=theirs, called=called) for one in value]
    if isinstance(value, str):
        if theirs and called and value in whom.names:
            return ERASED_NAME
        for email in whom.emails:
            value = whole(email).sub(f"{whom.person_id}@erased.invalid", value)
    return value


def scrub_messages(session: Session, whom: Whom) -> dict[str, int]:
    """Messages of the past that tell of the person: what was published goes, replies that are kept lose the words."""
    database, counts = database_of(session), {"outbox": _scrub_events(session, whom)}
    inbox, idempotency = database.inbox, database.idempotency
    replies = holds(cast(inbox.c.reply, LongText), '_part"')  # what an export has told of anybody
    long_ago = inbox.c.at < clock.now(session) - timedelta(hours=1)  # nobody waits for it any more
    session.execute(inbox.update().where(replies, long_ago).values(reply={}))
    for table, column in ((inbox, inbox.c.reply), (idempotency, idempotency.c.body)):
        (key,) = table.primary_key.columns
        for id, kept in session.execute(select(key, column).where(told_of(column, whom))).all():
            if (left := scrubbed(kept, whom)) != kept:
                session.execute(table.update().where(key == id).values({column.name: left}))
                counts[table.name] = counts.get(table.name, 0) + 1
    return {name: count for name, count in counts.items() if count}


def _scrub_events(session: Session, whom: Whom) -> int:
    """Delete the events that have left and tell of the person; those on their way lose the words."""
    outbox, gone = database_of(session).outbox, 0
    told = select(outbox.c.position, outbox.c.body, outbox.c.published_at).where(told_of(outbox.c.body, whom))
    for position, body, published_at in session.execute(told).all():
        if not tells_of(body, whom.words):
            continue
        this = outbox.c.position == position
        if published_at is not None:
            gone += 1
            session.execute(outbox.delete().where(this))
        else:
            session.execute(outbox.update().where(this).values(body=_without_places(body, whom)))
    return gone


def _without_places(body: Any, whom: Whom) -> Any:
    """An event without the person's names and addresses, and without from where they acted."""
    entries = body.get("entries") if isinstance(body, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if entry.get("actor_id") == str(whom.person_id):
            entry |= {"place": "", "program": "", "before": None, "after": None}
    return scrubbed(body, whom)
