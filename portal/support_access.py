"""Support access: a customer lets staff see its pages for a time, sees who did, and ends it; staff ask for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens

from .access import proved, requires
from .forms import Errors, chosen, chosen_id, optional_id, refusals_on, typed, whole
from .frame import SUPPORT_AREAS
from .htmx import page, redirect

bp = Blueprint("support_access", __name__, url_prefix="/support-access")


@bp.get("")
@requires("support-access:read")
def index(errors: Errors | None = None) -> Any:
    """Who asks, who may look, who has looked; and the form that lets them."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        now = clock.now(session)
        found = queries.list_grants(session, g.caller.scope, limit=25, cursor=request.args.get("cursor"))
        uses = queries.uses_of(session, g.caller.scope, [one.id for one in found.items])
        ids = {one.customer_id for one in found.items} - {g.caller.customer_id}
        names = {id: queries.organisation(session, g.caller.scope, id).name for id in ids}
    known: dict[str, Any] = {"uses": uses, "areas": SUPPORT_AREAS, "grant_id": new_id(), "names": names}
    known["live"] = [one for one in found.items if queries.is_live(one, now)]
    return page("support_access/list.html", found=found, now=now, errors=wrong, status=wrong.status, **known)


def wish() -> dict[str, Any]:
    """How long and how much, as the form says."""
    return {"hours": whole("hours"), "areas": request.form.getlist("areas")}


@bp.post("")
@requires("support-access:write")
@proved
@refusals_on(index)
def grant() -> Any:
    """Let staff see one's pages; the same form sent twice does it once."""
    reason, grant_id = typed("reason", most=500) or "", chosen_id("grant_id")
    with db.begin() as session:
        commands.grant_access(session, scope=g.caller.scope, grant_id=grant_id, customer_id=g.caller.customer_id,
                              reason=reason, by=g.caller.actor, case_id=optional_id("case"), **wish())  # fmt: skip
    flash(_("Support may look at your pages now. You can end it here at any time."), "done")
    return redirect("/support-access", full=True)


@bp.post("/<uuid:grant_id>/answer")
@requires("support-access:write")
@proved
@refusals_on(lambda grant_id, errors: index(errors))
def answer(grant_id: UUID) -> Any:
    """Say yes or no to somebody who asks."""
    allow = chosen("answer", ("yes", "no"), _("Say yes or no.")) == "yes"
    with db.begin() as session:
        commands.answer_request(session, scope=g.caller.scope, grant_id=grant_id, allow=allow, by=g.caller.actor,
                                **(wish() if allow else {}))  # fmt: skip
    flash(_("They may look at your pages now.") if allow else _("They see nothing."), "done")
    return redirect("/support-access", full=True)


@bp.post("/<uuid:grant_id>/end")
@requires("support-access:write")
def end(grant_id: UUID) -> Any:
    """End an access; whoever acts under it sees nothing more within a second."""
    with db.begin() as session:
        logins = commands.end_access(session, scope=g.caller.scope, grant_id=grant_id, by=g.caller.actor)
    for login_id in logins:
        tokens.forget_epoch("login", str(login_id))
    flash(_("The access has ended."), "done")
    return redirect("/support-access", full=True)


@bp.get("/desk")
@requires("support:work")
def desk(errors: Errors | None = None) -> Any:
    """For staff: whom they may look at now, whom they have asked, and the form that asks."""
    wrong, me, all_of_them = errors or Errors(), UUID(g.caller.actor.id), Scope.operator()
    with db.begin_read() as session:
        now, about = clock.now(session), optional_id("customer")
        found = queries.list_grants(session, all_of_them, asked_by=me, limit=50)
        ids = {one.customer_id for one in found.items} | ({about} if about else set())
        names = {id: queries.organisation(session, all_of_them, id) for id in ids}
    live = [one for one in found.items if queries.is_live(one, now)]
    known: dict[str, Any] = {"live": live, "names": names, "areas": SUPPORT_AREAS, "grant_id": new_id()}
    known["whom"] = names[about] if about else None
    return page("support_access/desk.html", found=found, errors=wrong, status=wrong.status, **known)


@bp.post("/desk")
@requires("support:work")
@refusals_on(desk)
def ask() -> Any:
    """Ask a customer's owners."""
    reason, whom = typed("reason", most=500) or "", chosen_id("customer")
    with db.begin() as session:
        commands.request_access(session, grant_id=chosen_id("grant_id"), customer_id=whom, reason=reason,
                                by=g.caller.actor, case_id=optional_id("case"), **wish())  # fmt: skip
    flash(_("Their owners were told. Here you see when they have answered."), "done")
    return redirect("/support-access/desk", full=True)


@bp.post("/emergency")
@requires("operate")
@proved
@refusals_on(desk)
def emergency() -> Any:
    """Look without being let in, for an hour, reading only; they are told at once."""
    reason, whom = typed("reason", most=500) or "", chosen_id("customer")
    with db.begin() as session:
        commands.take_emergency_access(session, grant_id=chosen_id("grant_id"), customer_id=whom, reason=reason,
                                       by=g.caller.actor)  # fmt: skip
    flash(_("You may look for an hour. Their owners were told."), "waiting")
    return redirect("/support-access/desk", full=True)
