"""The clock of your sandbox: it goes on when you say so, for your sandbox alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.customers import commands, db, queries
from domains.kernel import clock
from saga.flows.advance_clock import advance_clock
from saga.payloads.sandbox import AdvanceClock

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .described import with_errors
from .schemas.sandbox import AdvanceRequest, TestClock, TestClockList
from .starting import Start, starts

blp = Blueprint("test_clocks", __name__, url_prefix="/test-clocks", description=__doc__)


@blp.get("")
@requires("sandbox:read")
@with_errors(422)
@blp.response(200, TestClockList)
def list_test_clocks() -> Any:
    """List the clocks that you may move: your own sandbox's, when you are in it; a live tenant has none."""
    with db.begin_read() as session:
        found = queries.sandboxes(session, g.caller.scope, customer_meant({}))
        items = [_clock(session, one) for one in found]
    return {"items": items, "next_cursor": None, "has_more": False}


@blp.get("/<uuid:clock_id>")
@requires("sandbox:read")
@with_errors(422)
@blp.response(200, TestClock)
def get_test_clock(clock_id: UUID) -> Any:
    """Get the clock of your sandbox."""
    with db.begin_read() as session:
        return _clock(session, queries.get_sandbox(session, g.caller.scope, clock_id))


@blp.post("/<uuid:clock_id>/advance")
@requires("sandbox:write")
@blp.arguments(AdvanceRequest)
@starts
def advance_test_clock(wish: dict[str, Any], clock_id: UUID) -> Start:
    """Let the clock of your sandbox go on. What that brings, such as renewals, has happened when it has succeeded."""
    with db.begin_read() as session:
        found = queries.get_sandbox(session, g.caller.scope, clock_id)
        ahead = commands.seconds_ahead(found.clock_ahead, _now(session, found), **wish)
        commands.check_step(found.clock_ahead, ahead)
    return Start(advance_clock, AdvanceClock.of(found, ahead))


def _now(session: Session, found: Any) -> datetime:
    with clock.ahead_by(found.clock_ahead):
        return clock.business_now(session)


def _clock(session: Session, found: Any) -> dict[str, Any]:
    ahead = {"ahead_seconds": found.clock_ahead, "now": _now(session, found)}
    return {"id": found.id, "customer_id": found.id, **ahead}
