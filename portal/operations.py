"""What takes a while: every run's progress, and how it ended, in plain words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request

from domains.kernel import clock
from saga import store, tables

from .access import requires
from .htmx import page
from .progress import told

bp = Blueprint("operations", __name__, url_prefix="/operations")
SHOWN_ON_HOME = 5


@bp.get("")
@requires("operations:read")
def index() -> Any:
    """Everything that takes a while, newest first."""
    active = {"running": True, "ended": False}.get(request.args.get("state", ""))
    with tables.db.begin_read() as session:
        found = store.list_runs(session, g.caller.scope, active=active, cursor=request.args.get("cursor"), limit=25)
        runs = [told(session, run) for run in found.items]
    return page("operations/list.html", runs=runs, next_cursor=found.next_cursor)


@bp.get("/_running")
@requires("operations:read")
def running() -> Any:
    """What is under way, for the home page; it asks again by itself while there is something."""
    with tables.db.begin_read() as session:
        found = store.list_runs(session, g.caller.scope, active=True, limit=SHOWN_ON_HOME)
        runs = [told(session, run) for run in found.items]
    return page("operations/running.html", "operations/_running.html", runs=runs, more=found.next_cursor is not None)


@bp.get("/<uuid:operation_id>")
@requires("operations:read")
def show(operation_id: UUID) -> Any:
    """One run: how far it is, what was agreed, and how it ended."""
    return page("operations/show.html", run=run_of(operation_id))


@bp.get("/<uuid:operation_id>/progress")
@requires("operations:read")
def progress(operation_id: UUID) -> Any:
    """The part of the page that changes; it asks again by itself until the run has ended."""
    return revalidated(page("operations/show.html", "operations/_poll.html", run=run_of(operation_id)))


def run_of(operation_id: UUID) -> dict[str, Any]:
    """One run of the reader's as its page shows it; NotFound for any other."""
    with tables.db.begin_read() as session:
        g.now = clock.now(session)
        return told(session, store.get(session, g.caller.scope, operation_id))


def revalidated(response: Response) -> Any:
    """Let the browser ask whether a part has changed: 304 while it looks as it did.

    The one answer of the portal that a browser may keep, and only to ask about it; signing out empties its cache.
    """
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)
