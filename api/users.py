"""See who is asking, set preferences; see who works for a customer, in which role, and where they are signed in."""

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
from .schemas.users import (
    EndedLogins,
    LoginList,
    Me,
    MePatch,
    SecondFactorRequest,
    SecondFactorRule,
    User,
    UserList,
    UserPatch,
    UserQuery,
    WhichCustomer,
)

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


@blp.get("/users/<uuid:user_id>")
@requires("users:read")
@blp.query(WhichCustomer)
@blp.response(200, User, etag=True)
def get_user(wish: dict[str, Any], user_id: UUID) -> Any:
    """Get a member of a customer."""
    with db.begin_read() as session:
        return queries.get_user(session, g.caller.scope, user_id, **wish)


@blp.patch("/users/<uuid:user_id>")
@requires("users:write")
@blp.query(WhichCustomer)
@blp.arguments(UserPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, User, etag=True)
def update_user(
    session: Session, wish: dict[str, Any], changes: dict[str, Any], user_id: UUID, expected_version: int | None
) -> Any:
    """Give a member another role, or shut them out."""
    known: dict[str, Any] = {"scope": g.caller.scope, "granting": g.caller.scopes, "user_id": user_id, **wish}
    if "role" in changes:
        commands.change_role(session, **known, role=changes["role"], expected_version=expected_version)
    if "status" in changes:
        commands.shut_out(session, **known, expected_version=None if "role" in changes else expected_version)
    return queries.get_user(session, g.caller.scope, user_id, **wish)


@blp.get("/users/<uuid:user_id>/logins")
@requires("users:write")
@blp.query(WhichCustomer)
@blp.response(200, LoginList)
def list_logins(wish: dict[str, Any], user_id: UUID) -> Any:
    """List where a member is signed in."""
    with db.begin_read() as session:
        return {"items": queries.logins_of(session, g.caller.scope, user_id, **wish)}


@blp.post("/users/<uuid:user_id>/logins/<uuid:login_id>/end")
@requires("users:write")
@blp.query(WhichCustomer)
@once(db)
@blp.response(200, EndedLogins)
def end_login(session: Session, wish: dict[str, Any], user_id: UUID, login_id: UUID) -> Any:
    """Sign a member out at one place."""
    known: dict[str, Any] = {"scope": g.caller.scope, "user_id": user_id, **wish}
    return {"ids": commands.end_logins_of(session, **known, login_id=login_id)}


@blp.post("/users/<uuid:user_id>/logins/end")
@requires("users:write")
@blp.query(WhichCustomer)
@once(db)
@blp.response(200, EndedLogins)
def end_logins(session: Session, wish: dict[str, Any], user_id: UUID) -> Any:
    """Sign a member out everywhere."""
    return {"ids": commands.end_logins_of(session, scope=g.caller.scope, user_id=user_id, **wish)}


@blp.post("/users/<uuid:user_id>/reset-factors")
@requires("users:write")
@blp.query(WhichCustomer)
@once(db)
@blp.response(200, EndedLogins)
def reset_factors(session: Session, wish: dict[str, Any], user_id: UUID) -> Any:
    """Forget the second factors that a member has lost, and sign them out everywhere."""
    known: dict[str, Any] = {"scope": g.caller.scope, "granting": g.caller.scopes, "user_id": user_id, **wish}
    return {"ids": commands.reset_factors(session, **known)}


@blp.post("/users/require-second-factor")
@requires("users:write")
@blp.arguments(SecondFactorRequest)
@once(db)
@blp.response(200, SecondFactorRule)
def require_second_factor(session: Session, wish: dict[str, Any]) -> Any:
    """Say whether all people of a customer need a second factor."""
    known: dict[str, Any] = {"scope": g.caller.scope, "customer_id": wish["customer_id"]}
    commands.require_second_factor(session, **known, wanted=wish["required"])
    return queries.organisation(session, g.caller.scope, wish["customer_id"])


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
