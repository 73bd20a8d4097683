"""See who is asking, set preferences, and see who works for a customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.kernel.errors import Refused
from domains.kernel.tenancy import Caller
from domains.users import commands, db, queries

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match, same_version
from .idempotency import once
from .schemas import listing
from .schemas.users import Me, MePatch, UserList, UserQuery

blp = Blueprint("users", __name__, description=__doc__)


@blp.get("/me")
@requires("users:read")
@blp.response(200, Me, etag="body")
def get_me() -> Any:
    """Get who is asking."""
    with db.begin_read() as session:
        return _me(session, g.caller)


@blp.patch("/me")
@requires("users:read")
@blp.arguments(MePatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, Me, etag="body")
def update_me(session: Session, changes: dict[str, Any], expected_version: int | None) -> Any:
    """Change your own name and preferences. A program has none."""
    same_version(expected_version, _person(session, g.caller).version)
    commands.update_preferences(session, user_id=UUID(g.caller.actor.id), **changes)
    return _me(session, g.caller)


@blp.get("/users")
@requires("users:read")
@blp.query(UserQuery)
@blp.response(200, UserList)
def list_users(wish: dict[str, Any]) -> Any:
    """List people with their roles, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_users(session, g.caller.scope, **wish))


def _person(session: Session, caller: Caller) -> Any:
    """The user behind a caller. Refuses programs."""
    if caller.actor.kind != "user":
        raise Refused("A program has no preferences: the owner names it in the portal.", code="not_a_person")
    return queries.oneself(session, UUID(caller.actor.id))


def _me(session: Session, caller: Caller) -> dict[str, Any]:
    names = ("customer_id", "customer_name", "customer_kind")
    known = {name: getattr(caller, name) for name in names} | {"scopes": sorted(caller.scopes)}
    if caller.actor.kind != "user":
        return known | vars(caller.actor) | {"preferences": None, "version": 1}
    user = _person(session, caller)
    return known | {"id": user.id, "kind": "user", "name": user.name, "preferences": user, "version": user.version}
