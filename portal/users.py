"""Oneself and one's colleagues: a profile of four settings that do not depend on each other, and who may do what."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from flask import Blueprint, Response, flash, g, request
from flask_babel import gettext as _

from domains.kernel.tenancy import Scope
from domains.users import commands, db, queries, tokens
from domains.users.commands import FORMATS, LANGUAGES, THEMES

from .access import requires, signed_in
from .forms import Errors, chosen, refusals_on, typed
from .frame import ROLES
from .htmx import is_partial, page, redirect

bp = Blueprint("users", __name__)


@bp.get("/users")
@requires("users:read")
def index() -> Any:
    """Who works here, and in which role."""
    with db.begin_read() as session:
        found = queries.list_users(session, g.caller.scope, cursor=request.args.get("cursor"), limit=50)
    return page("users/list.html", people=found.items, next_cursor=found.next_cursor, roles=ROLES)


@bp.get("/profile")
@signed_in
def profile(errors: Errors | None = None) -> Any:
    """The form for one's own settings."""
    home = Scope.customer(UUID(g.caller.preferences["home_customer_id"]))
    with db.begin_read() as session:
        user = queries.get_user(session, home, UUID(g.caller.actor.id))
    wrong = errors or Errors()
    known: dict[str, Any] = {
        "languages": LANGUAGES,
        "formats": FORMATS,
        "themes": THEMES,
        "zones": sorted(available_timezones()),
    }
    return page("users/profile.html", user=user, errors=wrong, status=wrong.status, **known)


@bp.post("/profile")
@signed_in
@refusals_on(profile)
def update() -> Any:
    """Change one's own settings."""
    names = ("language", "formats", "time_zone", "theme")
    wish = {name: typed(name) or "" for name in names} | {"name": typed("name", most=200) or ""}
    with db.begin() as session:
        commands.update_preferences(session, user_id=UUID(g.caller.actor.id), **wish)
    tokens.forget_epoch("login", g.caller.login_id)
    flash(_("Saved."), "done")
    return redirect("/profile", full=True)


@bp.post("/profile/theme")
@signed_in
def theme() -> Any:
    """Change light to dark and back."""
    with db.begin() as session:
        wanted = chosen("theme", THEMES, _("Choose a theme."))
        commands.update_preferences(session, user_id=UUID(g.caller.actor.id), theme=wanted)
    tokens.forget_epoch("login", g.caller.login_id)
    return Response(status=204) if is_partial() else redirect("/profile")
