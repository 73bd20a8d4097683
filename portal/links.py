"""Mailed links: a password that was forgotten is chosen anew, and an invitation brings its reader in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, request
from flask_babel import gettext as _

from domains.users import commands, db

from .access import public
from .forms import Errors, refusals_on, typed
from .htmx import page, redirect
from .login import limiter

bp = Blueprint("links", __name__)


@bp.get("/login/forgotten")
@public
def forgotten(errors: Errors | None = None) -> Any:
    """Ask whose password shall be another."""
    wrong = errors or Errors()
    return page("users/forgotten.html", errors=wrong, status=wrong.status)


@bp.post("/login/forgotten")
@limiter.limit("10 per minute")
@public
@refusals_on(forgotten)
def send_link() -> Any:
    """Write to whoever has this address. The answer is the same when nobody has."""
    with db.begin() as session:
        commands.ask_for_link(session, email=typed("email", most=320, label=_("E-mail address")) or "")
    return page("users/link_sent.html")


@bp.get("/login/password")
@public
def password(errors: Errors | None = None, **_values: Any) -> Any:
    """Ask for a new password, as long as the link is good."""
    return chosen(errors, "password")


@bp.get("/login/invitation")
@public
def invitation(errors: Errors | None = None, **_values: Any) -> Any:
    """Welcome somebody who is invited: to a first password, or to sign in as they are known already."""
    return chosen(errors, "invitation")


def chosen(errors: Errors | None, purpose: str) -> Any:
    """The page on which a password is chosen; without a good link, where to get one."""
    code, wrong = request.values.get("code", ""), errors or Errors()
    with db.begin_read() as session:
        found = commands.link_is_good(session, code)
    if found is None:
        return page("users/link_ended.html", purpose=purpose, status=200 if purpose == "invitation" else 404)
    user, purpose = found
    return page("users/choose_password.html", errors=wrong, status=wrong.status, code=code, user=user, purpose=purpose)


@bp.post("/login/password")
@limiter.limit("10 per minute")
@public
@refusals_on(password)
def choose() -> Any:
    """Take the new password; its owner signs in with it, and gives a second factor where one is due."""
    with db.begin() as session:
        commands.choose_password(session, code=request.form.get("code", ""), password=request.form.get("password", ""))
    flash(_("Your password is chosen. Sign in with it."), "done")
    return redirect("/login", full=True)
