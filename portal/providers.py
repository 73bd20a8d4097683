"""How the cloud providers are, for operators: whether they can be asked, what went wrong, what they can do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from flask_babel import lazy_gettext as _l

from domains.kernel import clock
from domains.services import db, queries

from .access import requires
from .htmx import page

bp = Blueprint("providers", __name__, url_prefix="/providers")
ADAPTERS = {"sandbox": _l("Sandbox protocol"), "osb": "Open Service Broker", "partner_center": "Partner Center"}
CHANGES = {
    "change_quantity": _l("quantity"), "change_plan": _l("plan"), "cancel": _l("cancellation"),
    "extend": _l("end date"),
    "suspend": _l("pause"), "resume": _l("going on"), "end_of_term": _l("end of term"),
    "schedule_next_term": _l("next term"),
}  # fmt: skip


@bp.get("")
@requires("runs:read")
def index() -> Any:
    """All providers with the state of their gates."""
    with db.begin_read() as session:
        g.now = clock.now(session)
        found = queries.list_providers(session, g.caller.scope)
    return page("providers/list.html", "providers/_rows.html", found=found, adapters=ADAPTERS, words=CHANGES)
