"""What has changed of the catalogue, sync by sync; operators may have it read at once, and see what it costs us."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request
from flask_babel import lazy_gettext as _l

from domains.services import db, queries
from saga.flows.sync_catalogue import SyncCatalogue, sync_catalogue

from .access import requires
from .htmx import page
from .starting import Start, starts

bp = Blueprint("catalogue", __name__, url_prefix="/catalogue-syncs")
KINDS = {"added": _l("New"), "changed": _l("Changed"), "ended": _l("No longer sold")}
FIELDS = {
    "name": _l("Name"), "vendor": _l("Vendor"), "category": _l("Category"), "description": _l("Description"),
    "kind": _l("Kind"), "unit": _l("Unit"), "min_quantity": _l("Fewest"), "max_quantity": _l("Most"),
    "countries": _l("Countries"), "policy": _l("Rules of the provider"), "addon_of": _l("Adds to"),
    "prerequisites": _l("Needs"), "valid_from": _l("Sold from"), "valid_to": _l("Sold until"), "active": _l("Sold"),
}  # fmt: skip


@bp.get("")
@requires("offers:read")
def index() -> Any:
    """The syncs, newest first."""
    with db.begin_read() as session:
        found = queries.list_syncs(session, limit=25, cursor=request.args.get("cursor"))
    return page("catalogue/list.html", syncs=found.items, next_cursor=found.next_cursor)


@bp.get("/<uuid:sync_id>")
@requires("offers:read")
def show(sync_id: UUID) -> Any:
    """What one sync has changed."""
    kind = request.args.get("kind")
    wish: dict[str, Any] = {"sync_id": sync_id, "kind": kind if kind in KINDS else None, "limit": 25}
    with db.begin_read() as session:
        sync = queries.get_sync(session, sync_id)
        found = queries.list_offer_changes(session, g.caller.scope, cursor=request.args.get("cursor"), **wish)
    known: dict[str, Any] = {"changes": found.items, "next_cursor": found.next_cursor, "kinds": KINDS, "fields": FIELDS}
    return page("catalogue/show.html", sync=sync, **known)


@bp.post("")
@requires("catalogue:write")
@starts
def sync() -> Start:
    """Read the catalogue now: what has changed, or all of it."""
    queries.check_keeper(g.caller.scope)
    return Start(sync_catalogue, SyncCatalogue(full=request.form.get("full") == "yes"))
