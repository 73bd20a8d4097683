"""See and set up to which amount each role may order without approval."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy.orm import Session

from domains.services import commands, db, queries

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .idempotency import once
from .schemas.limits import ApprovalLimitList, ApprovalLimitRequest

blp = Blueprint("approval_limits", __name__, url_prefix="/approval-limits", description=__doc__)


@blp.get("")
@requires("approval-limits:read")
@blp.response(200, ApprovalLimitList)
def list_approval_limits() -> Any:
    """List the approval limits of your organisation, one for each role that may order."""
    with db.begin_read() as session:
        return _limits(session)


@blp.post("")
@requires("approval-limits:write")
@blp.arguments(ApprovalLimitRequest)
@once(db)
@blp.response(200, ApprovalLimitList)
def set_approval_limit(session: Session, wish: dict[str, Any]) -> Any:
    """Set the approval limit of a role.

    An order that commits to more is refused with `approval_needed`; `limit: null` takes the limit away.
    """
    customer_id = customer_meant({})
    commands.set_approval_limit(session, customer_id=customer_id, reseller_id=g.caller.reseller_id, **wish)
    return _limits(session)


def _limits(session: Session) -> dict[str, Any]:
    found = queries.approval_limits(session, g.caller.scope, customer_meant({}))
    return {"items": [{"role": role, "limit": limit} for role, limit in found.items()]}
