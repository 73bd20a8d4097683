"""Approve or reject what others order above their limit, or leave that to a colleague."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.services import commands, db, queries
from saga import signals

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match
from .idempotency import once
from .schemas import listing
from .schemas.approvals import Approval, ApprovalList, ApprovalQuery, ApproveRequest, DelegateRequest, RejectRequest

blp = Blueprint("approvals", __name__, url_prefix="/approvals", description=__doc__)


@blp.get("")
@requires("approvals:read")
@blp.query(ApprovalQuery)
@blp.response(200, ApprovalList)
def list_approvals(wish: dict[str, Any]) -> Any:
    """List approvals, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_approvals(session, g.caller.scope, caller=g.caller, **wish))


@blp.get("/<uuid:approval_id>")
@requires("approvals:read")
@blp.response(200, Approval, etag="body")
def get_approval(approval_id: UUID) -> Any:
    """Get an approval."""
    with db.begin_read() as session:
        return queries.get_approval(session, g.caller.scope, approval_id, g.caller)


@blp.post("/<uuid:approval_id>/approve")
@requires("approvals:write")
@blp.arguments(ApproveRequest)
@once(db)
@if_match(required=False)
@blp.response(200, Approval, etag="body")
def approve(session: Session, wish: dict[str, Any], approval_id: UUID, expected_version: int | None) -> Any:
    """Approve: what waits for it goes on at once, its days moved along and its unit prices as they were."""
    return _decided(session, commands.approve, approval_id, expected_version, wish)


@blp.post("/<uuid:approval_id>/reject")
@requires("approvals:write")
@blp.arguments(RejectRequest)
@once(db)
@if_match(required=False)
@blp.response(200, Approval, etag="body")
def reject(session: Session, wish: dict[str, Any], approval_id: UUID, expected_version: int | None) -> Any:
    """Reject: what waits for it is taken back. Nothing is charged."""
    return _decided(session, commands.reject, approval_id, expected_version, wish)


@blp.post("/<uuid:approval_id>/delegate")
@requires("approvals:write")
@blp.arguments(DelegateRequest)
@once(db)
@if_match(required=False)
@blp.response(200, Approval, etag="body")
def delegate(session: Session, wish: dict[str, Any], approval_id: UUID, expected_version: int | None) -> Any:
    """Leave the decision to a colleague, who then decides with your authority."""
    return _decided(session, commands.delegate, approval_id, expected_version, wish)


def _decided(session: Session, verb: Any, approval_id: UUID, expected_version: int | None, wish: dict[str, Any]) -> Any:
    row = verb(session, caller=g.caller, approval_id=approval_id, version=expected_version, **wish)
    if not row.is_open:
        signals.signal_after(session, row.run_id)
    return queries.get_approval(session, g.caller.scope, approval_id, g.caller)
