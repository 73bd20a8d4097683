"""Read the audit log: who did what, from where and on whose behalf."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g

from domains.notifications import commands, db, queries
from domains.notifications.queries import Sought

from .auth import requires
from .blueprint import Blueprint
from .described import with_errors
from .schemas import listing
from .schemas.audit import AuditEntry, AuditEntryList, AuditExport, AuditQuery

blp = Blueprint("audit", __name__, url_prefix="/audit-entries", description=__doc__)
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


@blp.get("")
@requires("audit:read")
@blp.query(AuditQuery)
@blp.response(200, AuditEntryList)
def list_audit_entries(wish: dict[str, Any]) -> Any:
    """List what was done, newest first."""
    page = {"cursor": wish.pop("cursor", None), "limit": wish.pop("limit")}
    with db.begin_read() as session:
        return listing(queries.list_entries(session, g.caller.own, Sought(**wish), **page))


@blp.get("/<uuid:audit_entry_id>")
@requires("audit:read")
@blp.response(200, AuditEntry)
def get_audit_entry(audit_entry_id: UUID) -> Any:
    """Get one entry with what it changed."""
    with db.begin_read() as session:
        return queries.get_entry(session, g.caller.own, audit_entry_id)


@blp.get("/export")
@requires("audit:read")
@blp.query(AuditExport)
@blp.response(200, {"type": "string"}, content_type="text/csv")
@blp.alt_response(200, schema={"type": "string"}, content_type="application/jsonl")
@with_errors(422)
def export_audit_entries(wish: dict[str, Any]) -> Response:
    """Export what was done, oldest first, as CSV or JSON lines.

    At most 50,000 entries: choose a time for more. In CSV a text that a spreadsheet would take for a formula has an
    apostrophe before it. Every export is itself an entry.
    """
    kind = wish.pop("format")
    with db.begin() as session:
        commands.begin_export(session, by=g.caller.actor.id)
    with db.begin_read() as session:  # it may take a while, and holds up nobody who writes
        text, count = queries.export_entries(session, g.caller.own, Sought(**wish), kind=kind)
    with db.begin() as session:
        commands.note_export(session, customer_id=g.caller.here, count=count, kind=kind)
    headers = {"Content-Disposition": f'attachment; filename="audit-log.{kind}"', "Cache-Control": "private, no-store"}
    return Response(text, content_type=TYPES[kind], headers=headers)
