"""What takes a while: every run's progress, and how it ended, in plain words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request

from domains.kernel import clock
from saga import cancelling, store, tables

from .access import requires
from .forms import Errors, refusals_on
from .htmx import page, redirect
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
def show(operation_id: UUID, errors: Errors | None = None) -> Any:
    """One run: how far it is, what was agreed, and how it ended."""
    wrong = errors or Errors()
    return page("operations/show.html", run=run_of(operation_id), errors=wrong, status=wrong.status)


@bp.get("/<uuid:operation_id>/progress")
@requires("operations:read")
def progress(operation_id: UUID) -> Any:
    """The part of the page that changes; it asks again by itself until the run has ended."""
    return revalidated(page("operations/show.html", "operations/_poll.html", run=run_of(operation_id)))


@bp.post("/<uuid:operation_id>/cancel")
@requires("operations:write")
@refusals_on(show)
def cancel(operation_id: UUID) -> Any:
    """Have a run taken back, as long as it can be; else its page says why not. Pressed twice, it is done once."""
    with tables.db.begin() as session:
        found = store.get(session, g.caller.scope, operation_id)
        if (found.error or {}).get("code") != "canceled":
            cancelling.cancel(session, g.caller.scope, operation_id, actor=g.caller.actor)
    return redirect(f"/operations/{operation_id}")


def run_of(operation_id: UUID) -> dict[str, Any]:
    """One run of the reader's as its page shows it; NotFound for any other."""
    with tables.db.begin_read() as session:
        g.now = clock.now(session)
        run = store.get(session, g.caller.scope, operation_id)
        may = g.caller.may("operations:write") and cancelling.can_be_canceled(session, run)
        return told(session, run) | {"can_be_canceled": may}


def revalidated(response: Response) -> Any:
    """Let the browser ask whether a part has changed: 304 while it looks as it did.

    The one answer of the portal that a browser may keep, and only to ask about it; signing out empties its cache.
    """
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)
