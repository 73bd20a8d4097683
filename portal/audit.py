"""The audit log: who did what, from where and on whose behalf; found by person, action, subject, time and any word."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _

from domains.notifications import commands, db, queries
from domains.notifications.queries import Sought

from . import deeds, reader
from .access import requires
from .forms import Errors, chosen, maybe_day, optional_id, refusals_on, searched, typed
from .htmx import page

bp = Blueprint("audit", __name__, url_prefix="/audit")
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


@bp.get("")
@requires("audit:read")
def index() -> Any:
    """Entries, newest first: of the reader's organisation, or of whom they act for."""
    return shown(sought(request.args.get("person")))


def shown(wanted: Sought, errors: Errors | None = None) -> Any:
    """The list with its filters."""
    with db.begin_read() as session:
        found = queries.list_entries(session, g.caller.own, wanted, cursor=request.args.get("cursor"), limit=25)
        ids = {id for one in found.items for id in (one.customer_id, one.home_id, one.on_behalf_id) if id}
        names = queries.names_of(session, g.caller.scope, ids)
    wrong = errors or Errors()
    known: dict[str, Any] = {"names": names, "deeds": deeds, "wanted": wanted, "errors": wrong}
    known["person"] = next((one.actor_name for one in found.items), "") if wanted.actor_id else ""
    return page("audit/list.html", found=found, status=wrong.status, **known)


def sought(person: str | None = None) -> Sought:
    """What the filters say. Days are the reader's own, the last one is meant as a whole."""
    first, last = maybe_day("since"), maybe_day("until")
    return Sought(
        actor_id=person or None, action=typed("action") or None, subject_id=optional_id("subject"),
        run_id=optional_id("run"), grant_id=optional_id("grant"), q=searched() or None,
        since=datetime.combine(first, time(), reader.zone()) if first else None,
        until=datetime.combine(last + timedelta(days=1), time(), reader.zone()) if last else None,
    )  # fmt: skip


@bp.get("/<uuid:entry_id>")
@requires("audit:read")
def show(entry_id: UUID) -> Any:
    """One entry with what it changed."""
    with db.begin_read() as session:
        found = queries.get_entry(session, g.caller.own, entry_id)
        ids = [id for id in (found.customer_id, found.home_id, found.on_behalf_id) if id]
        names = queries.names_of(session, g.caller.scope, ids)
    changed = deeds.differences(found.before, found.after)
    return page("audit/show.html", entry=found, changed=changed, deeds=deeds, names=names)


def unfiltered(errors: Errors) -> Any:
    """The list again, when no file could be made of it."""
    return shown(Sought(), errors)


@bp.get("/export")
@requires("audit:read")
@refusals_on(unfiltered)
def export() -> Any:
    """The entries that the filters show, as a file; the log knows of it."""
    kind, wanted = chosen("format", tuple(TYPES), _("Choose a format.")), sought(request.args.get("person"))
    with db.begin() as session:
        commands.begin_export(session, by=g.caller.actor.id)
    with db.begin_read() as session:  # it may take a while, and holds up nobody who writes
        text, count = queries.export_entries(session, g.caller.own, wanted, kind=kind)
    with db.begin() as session:
        commands.note_export(session, customer_id=g.caller.here, count=count, kind=kind)
    mark = "\ufeff" if kind == "csv" else ""  # by which spreadsheets know UTF-8
    headers = {"Content-Disposition": f'attachment; filename="audit-log.{kind}"', "Cache-Control": "private, no-store"}
    return Response(mark + text, content_type=TYPES[kind], headers=headers)
