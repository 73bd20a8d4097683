"""The first page: what runs now, what ends soon, what it costs, what is asked; each part from its own domain."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, current_app, g
from sqlalchemy.exc import OperationalError

from domains.kernel import clock
from domains.services import db as services_db
from domains.services import queries as services
from domains.support import db as support_db
from domains.support import queries as support

from .access import signed_in
from .decisions import SOON
from .htmx import page, redirect

bp = Blueprint("home", __name__)
log = logging.getLogger(__name__)
PARTS = {"subscriptions:read": "ending", "operations:read": "running", "charges:read": "costs", "cases:read": "cases"}
MOST = 50  # of each that is counted for the headline


@bp.get("/")
@signed_in
def index() -> Any:
    """Home; for somebody who is invited only, their invitations."""
    if not g.caller.roles:
        return redirect("/organisations")
    parts = [part for scope, part in PARTS.items() if g.caller.may(scope)]
    return page("home.html", parts=parts, found=standing())


def standing() -> dict[str, Any] | None:
    """What the headline says; None where this process cannot know it, or cannot now: each part speaks for itself."""
    if not {"services", "support"} <= set(current_app.config["SETTINGS"].domain_names):
        return None
    try:
        return counted()
    except OperationalError as away:
        log.warning("home has no headline", exc_info=away)
        return None


def counted() -> dict[str, Any]:
    """What waits for a decision of the reader's, and how much runs and is asked."""
    with services_db.begin_read() as session:
        g.now = clock.business_now(session)
        ending = services.open_soon(session, g.caller.scope, days=SOON, limit=MOST)
        states = services.count_by_state(session, g.caller.scope)
    with support_db.begin_read() as session:
        asked = support.list_cases(session, g.caller.scope, status="waiting_customer", limit=MOST).items
        cases = support.open_count(session, g.caller.scope)
    return {"ending": ending, "states": states, "asked": len(asked), "cases": cases, "days": SOON}
