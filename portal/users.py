"""Oneself and one's colleagues: a profile of four settings that do not depend on each other, and who may do what."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from flask import Blueprint, Response, flash, g, request
from flask_babel import gettext as _

from domains.kernel import clock
from domains.users import commands, db, queries, tokens
from domains.users.commands import THEMES

from .access import requires, signed_in
from .forms import Errors, chosen, refusals_on, typed
from .frame import ROLES
from .htmx import is_partial, page, redirect

bp = Blueprint("users", __name__)
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "ja": "日本語"}
FORMAT_NAMES = {
    "en_GB": "English (United Kingdom)", "en_AU": "English (Australia)", "en_SG": "English (Singapore)",
    "en_IN": "English (India)", "de_DE": "Deutsch (Deutschland)", "de_CH": "Deutsch (Schweiz)",
    "ja_JP": "日本語 (日本)", "fr_FR": "Français (France)", "nb_NO": "Norsk (Norge)", "sv_SE": "Svenska (Sverige)",
}  # fmt: skip


@bp.get("/users")
@requires("users:read")
def index() -> Any:
    """Who works here, and in which role."""
    with db.begin_read() as session:
        found = queries.list_users(session, g.caller.scope, cursor=request.args.get("cursor"), limit=50)
        ids = {member.customer_id for member in found.items} if g.caller.scope.kind != "customer" else set()
        customers = {id: queries.organisation(session, g.caller.scope, id).name for id in ids}
        rule = queries.organisation(session, g.caller.scope, g.caller.here)
    known: dict[str, Any] = {"roles": ROLES, "customers": customers, "next_cursor": found.next_cursor}
    known |= {"rule": rule, "now": clock.wall()}
    return page("users/list.html", people=found.items, **known)


def zones() -> tuple[str, ...]:
    """The time zones one chooses from: places, and UTC; not the names that exist for old programs only."""
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


@bp.get("/profile")
@signed_in
def profile(errors: Errors | None = None) -> Any:
    """The form for one's own settings."""
    with db.begin_read() as session:
        user = queries.oneself(session, UUID(g.caller.actor.id))
    wrong = errors or Errors()
    known: dict[str, Any] = {"languages": LANGUAGE_NAMES, "formats": FORMAT_NAMES, "roles": ROLES}
    known["zones"] = sorted({*zones(), user.time_zone})
    return page("users/profile.html", user=user, errors=wrong, status=wrong.status, **known)


@bp.post("/profile")
@signed_in
@refusals_on(profile)
def update() -> Any:
    """Change one's own settings."""
    names = ("language", "formats", "time_zone", "theme", *(("drift_mail",) if "drift_mail" in request.form else ()))
    wish: dict[str, Any] = {name: typed(name) or "" for name in names} | {"name": typed("name", most=200) or ""}
    wish |= {"user_id": UUID(g.caller.actor.id), "login_id": UUID(g.caller.login_id)}
    with db.begin() as session:
        commands.update_preferences(session, **wish)
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
