"""What was put together of what is known of a person: listed on the page on privacy, and fetched by whom it is for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g

from domains.notifications import db, queries

from .access import signed_in
from .htmx import page
from .own_means import by_provider

bp = Blueprint("exports", __name__, url_prefix="/personal-exports")


def oneself() -> UUID:
    """Whose own files the reader gets: nobody's by a provider, for they tell of other organisations, too."""
    return UUID(int=0) if by_provider() else UUID(g.caller.actor.id)


@bp.get("")
@signed_in
def index() -> Any:
    """One's own, and for an owner those of the organisation's people."""
    me = oneself()
    with db.begin_read() as session:
        found = queries.list_exports(session, g.caller.scope, person_id=me)
        if g.caller.may("privacy:read") and g.caller.customer_id:
            found += [one for one in queries.list_exports(session, g.caller.scope) if one.person_id != me]
    return page("privacy/exports.html", "privacy/_exports.html", exports=found, me=me)


@bp.get("/<uuid:export_id>")
@signed_in
def fetch(export_id: UUID) -> Response:
    """The file, for the person it tells of, and for an owner who has asked for it."""
    me, owner = oneself(), g.caller.may("privacy:read") and g.caller.customer_id is not None
    with db.begin_read() as session:
        text = queries.get_export(session, g.caller.scope, export_id, person_id=me, or_owner=owner)
    name = f'attachment; filename="personal-data-{export_id}.json"'
    headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
    return Response(text, mimetype="application/json", headers=headers)
