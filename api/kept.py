"""Lists that are read often: their bytes are kept in the cache, under a key that changes with what is in them.

The key holds whose list it is, what was asked, and the stamps of the tables behind it, read from the database each
time. So what is found is as true as what would be made anew, whoever has written meanwhile and wherever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, wraps
from pathlib import Path
from typing import Any

import orjson
from flask import Response, g, request
from marshmallow import Schema

from domains.kernel import cache as kept_lists
from domains.kernel import clock, stamps
from domains.kernel.crypto import canonical, digest
from domains.kernel.database import Database
from domains.kernel.tenancy import Scope

TURN = timedelta(minutes=15)  # a day begins on a quarter of an hour, wherever it is
List = Callable[[dict[str, Any]], dict[str, Any]]


def kept(
    view: List, schema: Schema, database: Database, topics: tuple[str, ...], gateway: int = 0
) -> Callable[..., Response]:
    """Answer with the list that a view gives, from the cache if it is there and still true; 304 to who has it.

    `topics` are the stamps of all that the list is made of. An item whose `changes_at` has come is made anew.
    `gateway` are the seconds that an nginx in front may keep the answer for its tenant; 0: not at all.
    """

    @wraps(view)
    def answer(wish: dict[str, Any]) -> Response:
        scope: Scope = g.caller.scope
        with database.begin_read() as session:
            stamp, now = stamps.seen(session, scope, topics), clock.business_now(session)
        key = _key(view.__name__, scope, wish, stamp)
        body = _found(key, now) if scope.customer_id else None
        if body is None:
            page = view(wish)
            body = orjson.dumps(schema.dump(page))
            if scope.customer_id:  # operator staff read everybody's, seldom
                kept_lists.put(key, b"%b\n%b" % (_true_until(page, now).isoformat().encode(), body))
        response = Response(body, mimetype="application/json")
        if gateway:
            response.headers["X-Accel-Expires"] = str(gateway)
        response.set_etag(digest(body)[:32])
        response.make_conditional(request)
        return response

    return answer


def _key(name: str, scope: Scope, wish: dict[str, Any], stamp: str) -> str:
    return f"{scope.kind}:{scope.customer_id}:{name}:{digest(canonical(wish), stamp, _form())}"


@cache
def _form() -> str:
    """What answers look like in this release: during an update, old and new processes share the cache."""
    return digest((Path(__file__).parent.parent / "openapi.json").read_bytes())


def _found(key: str, now: datetime) -> bytes | None:
    until, _, body = (kept_lists.get(key) or b"").partition(b"\n")
    try:
        return body if now < datetime.fromisoformat(until.decode()) else None
    except (TypeError, ValueError):
        return None


def _true_until(page: dict[str, Any], now: datetime) -> datetime:
    turn = now - timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond) + TURN
    moments = (getattr(item, "changes_at", None) for item in page["items"])
    return min([turn, *(moment for moment in moments if moment is not None)])
