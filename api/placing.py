"""An order in the first moments after its 202, before its first step has written it down: read from its run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from domains.kernel.errors import NotFound
from domains.kernel.tenancy import Scope
from domains.services import db, queries
from saga import store, tables
from saga.payloads.order import PlaceOrder
from saga.tables import Run

from .schemas.orders import last_day
from .starting import failure


def order_or_its_run(scope: Scope, order_id: UUID) -> Any:
    """The order with an id, or what its run says of it. Refuses an id that is neither, or not in scope."""
    try:
        with db.begin_read() as session:
            return queries.get_order(session, scope, order_id)
    except NotFound:
        with tables.db.begin_read() as session:
            run = store.find_by_resource(session, scope, order_id)
        if run is None or run.resource_kind != "order":
            raise
        return as_order(run)


def as_order(run: Run) -> dict[str, Any]:
    """The order that a run is about to write down, or could not."""
    terms = msgspec.convert(run.payload, PlaceOrder, strict=False)
    waits = {"approval": "awaiting_approval", "start_date": "scheduled"}.get(run.waiting_for or "", "placed")
    state = "failed" if run.is_final else waits
    line_state, error = ("rejected" if run.is_final else "pending"), failure(run)
    lines = [{**vars(line), "valid_to": last_day(line), "state": line_state, "error": error} for line in terms.lines]
    ends = {"placed_at": run.created_at, "ended_at": run.ended_at, "error": error}
    known = {"id": run.resource_id, "number": None, "ordered_by": terms.ordered_by.name, "version": 0}
    return {**vars(terms), **known, **ends, "state": state, "lines": lines}
