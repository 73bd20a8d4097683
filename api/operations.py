"""Follow what takes a while, from the 202 to its end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from saga import store, tables

from .auth import requires
from .blueprint import Blueprint
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
