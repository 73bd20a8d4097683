"""Where one works: invitations to accept or decline, and another of one's organisations to go on at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g
from flask_babel import gettext as _

from domains.users import commands, db, queries, tokens

from .access import signed_in
from .forms import chosen_id
from .frame import ROLES
from .htmx import page, redirect
from .own_means import by_provider

bp = Blueprint("organisations", __name__)


@bp.get("/organisations")
@signed_in
def index() -> Any:
    """The organisations that the reader works for or is invited to; by a provider, its own only."""
    with db.begin_read() as session:
        known, of = queries.own_memberships(session, UUID(g.caller.actor.id)), by_provider()
    found = [each for each in known if of in ("", str(each[1].customer_id))]
    return page("users/organisations.html", found=found, roles=ROLES)


@bp.post("/organisations/accept")
@signed_in
def accept() -> Any:
    """Become a member of an organisation."""
    with db.begin() as session:
        commands.accept_invitation(session, login_id=UUID(g.caller.login_id), **which())
    tokens.forget_epoch("login", g.caller.login_id)
    flash(_("You are a member now."), "done")
    return redirect("/organisations", full=True)


@bp.post("/organisations/decline")
@signed_in
def decline() -> Any:
    """Say no to an invitation."""
    with db.begin() as session:
        commands.decline_invitation(session, login_id=UUID(g.caller.login_id), **which())
    tokens.forget_epoch("login", g.caller.login_id)
    flash(_("You have declined the invitation."), "done")
    return redirect("/organisations", full=True)


@bp.post("/organisations/work")
@signed_in
def work() -> Any:
    """Go on at another organisation."""
    with db.begin() as session:
        commands.work_for(session, login_id=UUID(g.caller.login_id), **which())
    tokens.forget_epoch("login", g.caller.login_id)
    return redirect("/", full=True)


def which() -> dict[str, UUID]:
    """The reader, and the membership that a form is about."""
    return {"user_id": UUID(g.caller.actor.id), "membership_id": chosen_id("membership")}
