"""Writes that may be sent again: the answer is kept with the effect, in one transaction, and given again.

Only answers that say yes are kept. A refusal has changed nothing, so the same key may be tried again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import wraps
from typing import Any, NamedTuple

from flask import Response, g, jsonify, request
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import canonical, digest, fingerprint
from domains.kernel.database import Database, insert_new, locked

from . import described
from .errors import refused

REPLAYED = "Idempotent-Replayed"
AT_WORK = timedelta(minutes=1)  # after this a request that has no answer was interrupted
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Asked(NamedTuple):
    """A request with a key: who asks for what under which key, and what exactly it asks."""

    key: str
    request_digest: str


def asked(*, required: bool) -> Asked | None:
    """The key of this request, bound to its caller and route; 400 when it must be there and is not."""
    header = request.headers.get("Idempotency-Key")
    if header is None and not required:
        return None
    if header is None:
        text = "Send the header Idempotency-Key with a text that only this request has, such as a new UUID."
        raise refused(400, "idempotency_key_missing", text)
    if not _KEY.fullmatch(header):
        raise refused(400, "idempotency_key_invalid", "Use 1 to 255 visible ASCII characters in Idempotency-Key.")
    caller, route = g.caller, f"{request.method} {request.url_rule}"
    key = digest(caller.actor.kind, caller.actor.id, str(caller.customer_id), route, header)
    return Asked(key, digest(request.path, canonical(request.get_json(silent=True)), *_files()))


def _files() -> Iterator[str]:
    """What tells the files of a request from others."""
    for name, file in request.files.items(multi=True):
        yield from (name, file.filename or "", fingerprint(file.stream.read()))
        file.stream.seek(0)


def once(
    database: Database, *, key_required: bool = True, told_once: tuple[str, ...] = ()
) -> Callable[[Callable[..., Response]], Callable[..., Any]]:
    """Run a view in one transaction with its answer; give a known answer again; 422 for another request.

    The view gets the open SQLAlchemy session first. A twin that runs at the same time waits for the first one's end.
    Fields in `told_once` are secrets: they are null in the answer that is kept.
    """

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def written_once(*args: Any, **kwargs: Any) -> Response:
            wanted = asked(required=key_required)
            with database.begin() as session:
                if wanted is None:
                    return view(session, *args, **kwargs)
                if not _enter(session, database, wanted):
                    return _again(session, database, wanted)
                response = view(session, *args, **kwargs)
                _keep(session, database, wanted, response, told_once)
                return response

        header = "IdempotencyKey" if key_required else "IdempotencyKeyOptional"
        return described.describe(written_once, parameters=[header], errors=[400, 409, 422])

    return decorate


def once_for_all(
    database: Database, *, key_required: bool = True
) -> Callable[[Callable[..., Response]], Callable[..., Any]]:
    """Run a view that ends transactions of its own; give a known answer again; 422 for another request.

    409 for a twin while it is at work. One that was interrupted goes on when it is asked for again after a while: so
    each part of it must be safe to be tried twice.
    """

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def written_once(*args: Any, **kwargs: Any) -> Response:
            wanted = asked(required=key_required)
            if wanted is None:
                return view(*args, **kwargs)
            with database.begin() as session:
                if not _enter(session, database, wanted) and not _taken_over(session, database, wanted):
                    return _again(session, database, wanted)
            try:
                response = view(*args, **kwargs)
            except Exception:
                with database.begin() as session:  # a refusal is not kept
                    session.execute(database.idempotency.delete().where(database.idempotency.c.key == wanted.key))
                raise
            with database.begin() as session:
                _keep(session, database, wanted, response)
            return response

        header = "IdempotencyKey" if key_required else "IdempotencyKeyOptional"
        return described.describe(written_once, parameters=[header], errors=[400, 409, 422])

    return decorate


def _enter(session: Session, database: Database, wanted: Asked) -> bool:
    row = {"key": wanted.key, "request_digest": wanted.request_digest, "status": 0, "at": clock.now(session)}
    return insert_new(session, database.idempotency, row, "key")


def _taken_over(session: Session, database: Database, wanted: Asked) -> bool:
    """Whether the same request was begun and is to go on, because nobody is at work on it any more."""
    table, now = database.idempotency, clock.now(session)
    row = session.execute(locked(table.select().where(table.c.key == wanted.key), table)).one()
    if row.status or row.request_digest != wanted.request_digest:
        return False
    if row.at > now - AT_WORK:
        text = "The same request is at work: ask again in a moment, with the same key, for its answer."
        raise refused(409, "idempotency_key_in_use", text, {"Retry-After": "5"})
    session.execute(table.update().where(table.c.key == wanted.key).values(at=now))
    return True


def _keep(
    session: Session, database: Database, wanted: Asked, response: Response, told_once: tuple[str, ...] = ()
) -> None:
    headers = {name: response.headers[name] for name in ("ETag", "Location") if name in response.headers}
    body = response.get_json(silent=True)
    if told_once and body:
        body = body | dict.fromkeys(told_once)
    answer = {"status": response.status_code, "body": body, "headers": headers}
    table = database.idempotency
    session.execute(table.update().where(table.c.key == wanted.key).values(answer))


def _again(session: Session, database: Database, wanted: Asked) -> Response:
    table = database.idempotency
    row = session.execute(table.select().where(table.c.key == wanted.key)).one()
    if row.request_digest != wanted.request_digest:
        text = "This Idempotency-Key was used for another request: use a new key for a new request."
        raise refused(422, "idempotency_key_reused", text)
    response = jsonify(row.body)
    response.status_code = row.status
    response.headers.extend({**row.headers, REPLAYED: "true"})
    return response
