"""Let the operator's support see your pages for a time, and end that; the operator's programs ask for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.users import commands, db, queries, tokens

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .idempotency import once
from .schemas import listing
from .schemas.support_access import (
    SupportGrant,
    SupportGrantAnswer,
    SupportGrantList,
    SupportGrantQuery,
    SupportGrantRequest,
)

blp = Blueprint("support_grants", __name__, url_prefix="/support-grants", description=__doc__)


@blp.get("")
@requires("support-access:read")
@blp.query(SupportGrantQuery)
@blp.response(200, SupportGrantList)
def list_support_grants(wish: dict[str, Any]) -> Any:
    """List support accesses that were asked for or given, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_grants(session, g.caller.scope, **wish))


@blp.post("")
@requires("support-access:write")
@blp.arguments(SupportGrantRequest)
@once(db)
@blp.response(201, SupportGrant)
def create_support_grant(session: Session, wish: dict[str, Any]) -> Any:
    """Let support see your pages, or those of an end-customer you manage."""
    customer_id = customer_meant(wish)
    known: dict[str, Any] = {"scope": g.caller.scope, "grant_id": new_id(), "customer_id": customer_id}
    return commands.grant_access(session, **known, by=g.caller.actor, **wish)


@blp.post("/<uuid:support_grant_id>/answer")
@requires("support-access:write")
@blp.arguments(SupportGrantAnswer)
@once(db)
@blp.response(200, SupportGrant)
def answer_support_grant(session: Session, wish: dict[str, Any], support_grant_id: UUID) -> Any:
    """Say yes or no to somebody of support who asks; with a yes, perhaps for a shorter time or to less."""
    known: dict[str, Any] = {"scope": g.caller.scope, "grant_id": support_grant_id, "by": g.caller.actor}
    return commands.answer_request(session, **known, **wish)


@blp.post("/<uuid:support_grant_id>/end")
@requires("support-access:write")
@once(db)
@blp.response(200, SupportGrant)
def end_support_grant(session: Session, support_grant_id: UUID) -> Any:
    """End a support access; whoever acts under it sees nothing more within a second. One that has ended stays so."""
    scope = g.caller.scope
    logins = commands.end_access(session, scope=scope, grant_id=support_grant_id, by=g.caller.actor)
    for login_id in logins:
        tokens.forget_epoch("login", str(login_id))
    return queries.get_grant(session, scope, support_grant_id)
