"""Invite people to work for a customer; until they accept, nothing is granted and nothing is told about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.users import commands, db, queries

from .auth import requires
from .blueprint import Blueprint
from .idempotency import once
from .schemas import listing
from .schemas.users import InvitationRequest, User, UserList, UserQuery

blp = Blueprint("invitations", __name__, url_prefix="/invitations", description=__doc__)


@blp.get("")
@requires("users:read")
@blp.query(UserQuery)
@blp.response(200, UserList)
def list_invitations(wish: dict[str, Any]) -> Any:
    """List invitations that nobody has accepted yet, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_users(session, g.caller.scope, state="invited", **wish))


@blp.post("")
@requires("users:write")
@blp.arguments(InvitationRequest)
@once(db)
@blp.response(201, User, etag=True)
def create_invitation(session: Session, wish: dict[str, Any]) -> Any:
    """Invite somebody by e-mail. They have seven days to accept."""
    known: dict[str, Any] = {"scope": g.caller.scope, "granting": g.caller.scopes}
    invited = commands.invite_person(session, **known, **wish)
    return queries.get_invitation(session, g.caller.scope, invited)


@blp.get("/<uuid:invitation_id>")
@requires("users:read")
@blp.response(200, User, etag=True)
def get_invitation(invitation_id: UUID) -> Any:
    """Get an invitation."""
    with db.begin_read() as session:
        return queries.get_invitation(session, g.caller.scope, invitation_id)


@blp.post("/<uuid:invitation_id>/resend")
@requires("users:write")
@once(db)
@blp.response(200, User, etag=True)
def resend_invitation(session: Session, invitation_id: UUID) -> Any:
    """Write once more to somebody who is invited; they have seven days again."""
    commands.resend_invitation(session, scope=g.caller.scope, membership_id=invitation_id)
    return queries.get_invitation(session, g.caller.scope, invitation_id)


@blp.post("/<uuid:invitation_id>/withdraw")
@requires("users:write")
@once(db)
@blp.response(200, User)
def withdraw_invitation(session: Session, invitation_id: UUID) -> Any:
    """Withdraw an invitation; the answer is what it was."""
    was = queries.get_invitation(session, g.caller.scope, invitation_id)
    commands.withdraw_invitation(session, scope=g.caller.scope, membership_id=invitation_id)
    return was
