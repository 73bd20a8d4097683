"""Approvals: what waits for somebody's yes, with what it commits to; decided here, or left to a colleague."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel import clock
from domains.services import commands, db, queries
from saga import signals

from .access import requires
from .forms import Errors, chosen, optional_id, refusals_on, typed, whole
from .htmx import page, redirect
from .offers import accounts_of

bp = Blueprint("approvals", __name__, url_prefix="/approvals")
VERBS = ("approve", "reject", "delegate")
FIELDS = ("reason", "to", "verb")


@bp.get("")
@requires("approvals:read")
def index() -> Any:
    """What waits for a decision, and what was decided."""
    state = request.args.get("state", "open")
    asked: dict[str, Any] = {"state": state or None, "account_id": optional_id("account")}
    with db.begin_read() as session:
        now, accounts = clock.business_now(session), accounts_of(session)
        found = queries.list_approvals(
            session, g.caller.scope, caller=g.caller, cursor=request.args.get("cursor"), limit=25, **asked
        )
    known: dict[str, Any] = {"accounts": accounts, "states": queries.APPROVAL_STATES, "now": now}
    return page("approvals/list.html", found=found, **known, **asked | {"state": state})


@bp.get("/<uuid:approval_id>")
@requires("approvals:read")
def show(approval_id: UUID, errors: Errors | None = None) -> Any:
    """One request with what was promised, and the form that decides it."""
    wrong = (errors or Errors()).only(*FIELDS)
    with db.begin_read() as session:
        now, it = clock.business_now(session), queries.get_approval(session, g.caller.scope, approval_id, g.caller)
        order = queries.get_order(session, g.caller.scope, it.subject_id) if it.subject_kind == "order" else None
    return page("approvals/show.html", it=it, order=order, now=now, errors=wrong, status=wrong.status)


@bp.post("/<uuid:approval_id>")
@requires("approvals:write")
@refusals_on(show)
def decide(approval_id: UUID) -> Any:
    """Approve, reject or leave it to a colleague, as the form says; the same click twice does it once."""
    verb = chosen("verb", VERBS, _("Say yes or no, or to whom you leave it."))
    known: dict[str, Any] = {"reason": typed("reason", most=500) or "", "version": whole("version")}
    if verb == "delegate":
        known["to"] = typed("to", most=320) or ""
    with db.begin() as session:
        row = getattr(commands, verb)(session, caller=g.caller, approval_id=approval_id, **known)
        if not row.is_open:
            signals.signal_after(session, row.run_id)
    flash(_("Left to %(to)s, who was told.", to=known["to"]) if verb == "delegate" else _("Decided."), "done")
    return redirect(f"/approvals/{approval_id}", full=True)
