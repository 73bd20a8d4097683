"""Colleagues: invited, given another role, shut out, signed out; and whether they need a second factor."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.users import commands, db, queries, tokens
from domains.users.commands import ROLE_SCOPES, STAFF, staff_scopes

from .access import proved, requires
from .formats import browser_word
from .forms import Errors, optional_id, refusals_on, typed, whole
from .frame import ROLES
from .htmx import page, redirect

bp = Blueprint("members", __name__, url_prefix="/users")


def roles(kind: str) -> dict[str, Any]:
    """The roles that the reader may give to people of a customer of this kind."""
    fit = [role for role in ROLES if cares(kind) and (role in STAFF) <= (kind == "operator")]
    given = {role: staff_scopes(role, None) if at_desk() else ROLE_SCOPES[role] for role in fit}
    return {role: ROLES[role] for role in fit if given[role] <= g.caller.scopes}


def at_desk() -> bool:
    """Whether the reader is one of the operator's staff and acts for nobody."""
    return bool(g.caller.scope.kind == "operator")


def cares(kind: str) -> bool:
    """Whether the reader cares for the people of a customer of this kind: a customer does so itself."""
    return bool(g.caller.may("users:write") and (not at_desk() or kind == "operator"))


@bp.get("/invite")
@requires("users:write")
def form(errors: Errors | None = None) -> Any:
    """The form for an invitation."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        place = queries.organisation(session, g.caller.scope, g.caller.here)
    return page("users/invite.html", errors=wrong, status=wrong.status, place=place, roles=roles(place.kind))


@bp.post("/invite")
@requires("users:write")
@proved
@refusals_on(form)
def invite() -> Any:
    """Invite a colleague."""
    names = {"email": 320, "name": 200, "role": 20}
    wish: dict[str, Any] = {name: typed(name, most=most) or "" for name, most in names.items()}
    known: dict[str, Any] = {"language": g.caller.preferences["language"], "time_zone": g.caller.preferences["zone"]}
    with db.begin() as session:
        commands.invite_person(session, **who(), customer_id=g.caller.here, **wish, **known)
    flash(_("Invited. The e-mail is on its way; the invitation holds for seven days."), "done")
    return redirect("/users", full=True)


def who() -> dict[str, Any]:
    """On whose word something is done: what the reader sees, and the rights they have to give."""
    return {"scope": g.caller.scope, "granting": g.caller.scopes}


@bp.post("/invitations/<uuid:invitation_id>/resend")
@requires("users:write")
@proved
def resend(invitation_id: UUID) -> Any:
    """Write once more to somebody who is invited."""
    with db.begin() as session:
        commands.resend_invitation(session, scope=g.caller.scope, membership_id=invitation_id)
    flash(_("Sent again. The invitation holds for seven days from now."), "done")
    return redirect("/users", full=True)


@bp.post("/invitations/<uuid:invitation_id>/withdraw")
@requires("users:write")
def withdraw(invitation_id: UUID) -> Any:
    """Invite somebody no longer."""
    with db.begin() as session:
        commands.withdraw_invitation(session, scope=g.caller.scope, membership_id=invitation_id)
    flash(_("Withdrawn. The link in the e-mail is dead."), "done")
    return redirect("/users", full=True)


@bp.get("/<uuid:user_id>")
@requires("users:read")
def show(user_id: UUID, errors: Errors | None = None) -> Any:
    """A colleague: what they are, and what can be done about it."""
    wrong, which = errors or Errors(), {"customer_id": optional_id("customer")}
    with db.begin_read() as session:
        person = queries.get_user(session, g.caller.scope, user_id, **which)
        place = queries.organisation(session, g.caller.scope, person.customer_id)
        known = queries.logins_of(session, g.caller.scope, user_id, **which) if cares(place.kind) else []
    shown: dict[str, Any] = {"person": person, "place": place, "logins": known, "browser_word": browser_word}
    shown |= {"roles": roles(place.kind), "role_names": ROLES, "cares": cares(place.kind)}
    return page("users/person.html", errors=wrong, status=wrong.status, **shown)


def whom() -> dict[str, Any]:
    """The customer and the version that a form about a colleague was made for."""
    return {"customer_id": optional_id("customer"), "expected_version": whole("version")}


@bp.post("/<uuid:user_id>/role")
@requires("users:write")
@proved
@refusals_on(show)
def change_role(user_id: UUID) -> Any:
    """Give a colleague another role."""
    with db.begin() as session:
        commands.change_role(session, **who(), **whom(), user_id=user_id, role=typed("role") or "")
    flash(_("The role is changed."), "done")
    return redirect(f"/users/{user_id}?customer={request.form.get('customer', '')}", full=True)


@bp.get("/<uuid:user_id>/shut-out")
@requires("users:write")
def ask_shut_out(user_id: UUID, errors: Errors | None = None) -> Any:
    """What happens when a colleague is shut out."""
    wrong, which = errors or Errors(), {"customer_id": optional_id("customer")}
    with db.begin_read() as session:
        person = queries.get_user(session, g.caller.scope, user_id, **which)
    return page("users/shut_out.html", errors=wrong, status=wrong.status, person=person)


@bp.post("/<uuid:user_id>/shut-out")
@requires("users:write")
@proved
@refusals_on(ask_shut_out)
def shut_out(user_id: UUID) -> Any:
    """End what somebody is here, and their logins."""
    with db.begin() as session:
        ended = commands.shut_out(session, **who(), **whom(), user_id=user_id)
    forget(ended)
    flash(_("Shut out, and signed out everywhere."), "done")
    return redirect("/users", full=True)


@bp.post("/<uuid:user_id>/logins/end")
@requires("users:write")
def end_logins(user_id: UUID) -> Any:
    """Sign a colleague out, at one place or everywhere."""
    which = {"customer_id": optional_id("customer"), "login_id": optional_id("login")}
    with db.begin() as session:
        ended = commands.end_logins_of(session, scope=g.caller.scope, user_id=user_id, **which)
    forget(ended)
    flash(_("Signed out there."), "done")
    return redirect(f"/users/{user_id}?customer={request.form.get('customer', '')}", full=True)


@bp.post("/<uuid:user_id>/reset-factors")
@requires("users:write")
@proved
@refusals_on(show)
def reset_factors(user_id: UUID) -> Any:
    """Forget the second factors that a colleague has lost."""
    with db.begin() as session:
        which: dict[str, Any] = {"user_id": user_id, "customer_id": optional_id("customer")}
        ended = commands.reset_factors(session, **who(), **which)
    forget(ended)
    flash(_("Their second factors are forgotten. They set up another one when they come in."), "done")
    return redirect(f"/users/{user_id}?customer={request.form.get('customer', '')}", full=True)


def forget(logins: list[UUID]) -> None:
    """Have the end of some logins hold at once."""
    for one in logins:
        tokens.forget_epoch("login", str(one))


@bp.post("/second-factor")
@requires("users:write")
@proved
def second_factor() -> Any:
    """Say whether all people here need a second factor."""
    wanted = request.form.get("wanted") == "yes"
    with db.begin() as session:
        commands.require_second_factor(session, scope=g.caller.scope, customer_id=g.caller.here, wanted=wanted)
    flash(
        _("Everybody here needs a second factor now.")
        if wanted
        else _("A second factor is everybody's own choice now.")
    )
    return redirect("/users", full=True)
