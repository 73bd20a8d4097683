"""One's own way in: the password, second factors, recovery codes, and where one is signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.users import commands, db, queries, tokens

from .access import proved, signed_in
from .entering import drawn, new_factor
from .formats import browser_word
from .forms import Errors, optional_id, refusals_on
from .htmx import page, redirect
from .login import as_json, keep, limiter
from .own_means import by_provider, sent_to_own_means

bp = Blueprint("security", __name__, url_prefix="/security")


@bp.before_request
def by_own_means() -> Any:
    """Let nobody whom an organisation's provider let in change the account's own ways in: they hold elsewhere too."""
    return sent_to_own_means("/security") if by_provider() and request.endpoint != "security.index" else None


def me() -> UUID:
    """The reader."""
    return UUID(g.caller.actor.id)


@bp.get("")
@signed_in
def index(errors: Errors | None = None, **_values: Any) -> Any:
    """How the reader comes in, and where they are signed in; by a provider, only where it let them in."""
    wrong, of = errors or Errors(), by_provider()
    with db.begin_read() as session:
        known = queries.own_factors(session, me())
        logins = [one for one in queries.own_logins(session, me()) if of in ("", str(one.sign_on_id))]
    shown: dict[str, Any] = {"known": known, "logins": logins, "browser_word": browser_word}
    return page("users/security.html", errors=wrong, status=wrong.status, **shown)


@bp.get("/password")
@signed_in
def password(errors: Errors | None = None) -> Any:
    """The form for another password."""
    wrong = errors or Errors()
    return page("users/password.html", errors=wrong, status=wrong.status)


@bp.post("/password")
@limiter.limit("30 per minute")
@signed_in
@refusals_on(password)
def change_password() -> Any:
    """Take another password from who knows the old one."""
    given = {"password": request.form.get("password", ""), "new": request.form.get("new", "")}
    end = request.form.get("end") == "yes"
    made = tokens.prove(commands.change_password, login_id=UUID(g.caller.login_id), **given, end=end)
    flash(_("Your password is changed. You are signed out everywhere else.") if end else _("Your password is changed."))
    return keep(made, redirect("/security", full=True))


@bp.get("/app")
@signed_in
@proved
def app(errors: Errors | None = None) -> Any:
    """A picture for an authenticator app to read, and a field for its first code."""
    wrong = errors or Errors()
    with db.begin() as session:
        seed = commands.offer_app(session, user_id=me(), login_id=UUID(g.caller.login_id))
    return page("users/app.html", errors=wrong, status=wrong.status, **drawn(seed, g.caller.preferences["email"]))


@bp.post("/app")
@limiter.limit("30 per minute")
@signed_in
@proved
@refusals_on(app)
def add_app() -> Any:
    """Take the first code of a new app."""
    return added()


@bp.post("/passkeys")
@limiter.limit("30 per minute")
@signed_in
@proved
@refusals_on(index)
def add_passkey() -> Any:
    """Take a passkey that the browser has made."""
    return added()


def added() -> Any:
    """Take a new factor. Who has no recovery codes yet sees theirs; others may end their other logins next."""
    step, given = new_factor()
    made = tokens.enrol(step, login_id=UUID(g.caller.login_id), **given)
    with db.begin() as session:
        left = queries.own_factors(session, me()).recovery_codes
        codes = [] if left else commands.renew_recovery_codes(session, user_id=me())
    if codes:
        return keep(made, page("users/recovery_codes.html", codes=codes))
    flash(_("Added. If somebody else may be signed in as you, sign out everywhere else below."), "done")
    return keep(made, redirect("/security", full=True))


@bp.post("/passkeys/options")
@limiter.limit("60 per minute")
@signed_in
@proved
def passkey_options() -> Any:
    """What a new passkey must fit."""
    with db.begin() as session:
        return as_json(commands.offer_passkey(session, user_id=me()))


@bp.post("/passkeys/<uuid:passkey_id>/rename")
@signed_in
@proved
@refusals_on(index)
def rename_passkey(passkey_id: UUID) -> Any:
    """Call a passkey otherwise."""
    with db.begin() as session:
        commands.rename_passkey(session, user_id=me(), passkey_id=passkey_id, name=request.form.get("name", ""))
    flash(_("Saved."), "done")
    return redirect("/security", full=True)


@bp.post("/passkeys/<uuid:passkey_id>/remove")
@signed_in
@proved
@refusals_on(index)
def remove_passkey(passkey_id: UUID) -> Any:
    """Take a passkey's word no more."""
    with db.begin() as session:
        commands.remove_passkey(session, user_id=me(), passkey_id=passkey_id)
        commands.tell_of_change(session, user_id=me(), template="factors_changed")
    flash(_("Removed. If somebody else may be signed in as you, sign out everywhere else below."), "done")
    return redirect("/security", full=True)


@bp.post("/app/remove")
@signed_in
@proved
@refusals_on(index)
def remove_app() -> Any:
    """Ask for an app's codes no more."""
    with db.begin() as session:
        commands.remove_app(session, user_id=me())
        commands.tell_of_change(session, user_id=me(), template="factors_changed")
    flash(_("Removed. If somebody else may be signed in as you, sign out everywhere else below."), "done")
    return redirect("/security", full=True)


@bp.post("/recovery-codes")
@signed_in
@proved
def recovery_codes() -> Any:
    """Ten new recovery codes, shown once."""
    with db.begin() as session:
        codes = commands.renew_recovery_codes(session, user_id=me())
        commands.tell_of_change(session, user_id=me(), template="factors_changed")
    return page("users/recovery_codes.html", codes=codes)


@bp.post("/logins/end")
@signed_in
def end_logins() -> Any:
    """End one of the reader's logins, or all but this one."""
    with db.begin() as session:
        ended = commands.end_own(session, user_id=me(), this=UUID(g.caller.login_id), login_id=optional_id("login"))
    for one in ended:
        tokens.forget_epoch("login", str(one))
    flash(_("Signed out there."), "done")
    return redirect("/security", full=True)
