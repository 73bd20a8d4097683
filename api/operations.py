"""Follow what takes a while, from the 202 to its end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from saga import cancelling, store, tables

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match
from .idempotency import once
from .schemas import listing
from .schemas.operations import Operation, OperationList, OperationQuery
from .starting import POLL_AFTER, as_operation

blp = Blueprint("operations", __name__, url_prefix="/operations", description=__doc__)


@blp.get("")
@requires("operations:read")
@blp.query(OperationQuery)
@blp.response(200, OperationList)
def list_operations(wish: dict[str, Any]) -> Any:
    """List operations, newest first."""
    with tables.db.begin_read() as session:
        page = store.list_runs(session, g.caller.scope, **wish)
        return listing(page) | {"items": [as_operation(session, run) for run in page.items]}


@blp.get("/<uuid:operation_id>")
@requires("operations:read")
@blp.response(200, Operation, etag=True)
def get_operation(operation_id: UUID) -> Any:
    """Get an operation.

    While it is at work, the answer carries `Retry-After`: the seconds to wait before asking again.
    """
    with tables.db.begin_read() as session:
        run = store.get(session, g.caller.scope, operation_id)
        return as_operation(session, run), {} if run.is_final else {"Retry-After": str(POLL_AFTER)}


@blp.post("/<uuid:operation_id>/cancel")
@requires("operations:write")
@once(tables.db)
@if_match(required=False)
@blp.response(202, Operation)
def cancel_operation(session: Session, operation_id: UUID, expected_version: int | None) -> Any:
    """Cancel an operation, as long as it can be taken back.

    What was done is then taken back step by step; follow the operation until it is `canceled`. Once the provider has
    been asked, it can only go on: 409.
    """
    known = {"actor": g.caller.actor, "expected_rev": expected_version}
    return as_operation(session, cancelling.cancel(session, g.caller.scope, operation_id, **known))
