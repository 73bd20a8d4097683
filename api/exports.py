"""Fetch what was put together of what is known of a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g

from domains.notifications import db, queries

from .auth import requires
from .blueprint import Blueprint
from .schemas.privacy import PersonalData, PersonalExportList

blp = Blueprint("exports", __name__, url_prefix="/personal-exports", description=__doc__)


@blp.get("")
@requires("privacy:read")
@blp.response(200, PersonalExportList)
def list_personal_exports() -> Any:
    """List what can be fetched, newest first."""
    with db.begin_read() as session:
        return {"items": queries.list_exports(session, g.caller.scope), "next_cursor": None, "has_more": False}


@blp.get("/<uuid:export_id>")
@requires("privacy:read")
@blp.response(200, PersonalData)
def download_personal_export(export_id: UUID) -> Response:
    """Download one: by domain its rows by table."""
    with db.begin_read() as session:
        text = queries.get_export(session, g.caller.scope, export_id)
    return Response(text, mimetype="application/json", headers={"Cache-Control": "private, no-store"})
