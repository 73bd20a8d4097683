"""The second half of coming in: a second factor is given, or enrolled by who needs one and has none yet.

Who is half in has no assertion and is nobody to all other pages: these read the login's cookie themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import segno
from flask import Blueprint, g, request
from flask_babel import lazy_gettext as _l

from domains.kernel.errors import Refused
from domains.users import commands, db, queries, tokens

from .access import public, safe_next
from .confirm import how
from .forms import Errors, waiting
from .htmx import page, redirect
from .login import as_json, keep, let_in, limiter, on_to, own_token

bp = Blueprint("entering", __name__)
WORDS = {
    "own_factor": _l(
        "A second factor is wanted here, and you have none. Sign in with your own password to set one up, or have your "
        "organisation’s provider ask for one."
    ),
}


def half_in(state: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only who is half in, in this state, through; others begin anew at /login."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def called(*args: Any, **values: Any) -> Any:
            g.half = tokens.half_of_login(own_token())
            if g.half is None or g.half.state != state:
                return on_to("active") if g.caller is not None else redirect("/login")
            if state == "enrol" and g.half.by_provider:
                return page("users/sso_failed.html", text=WORDS["own_factor"], said="", status=403)
            return view(*args, **values)

        return called

    return decorate


@bp.get("/login/second-factor")
@public
@half_in("second_factor")
def ask(errors: Errors | None = None, status: int = 200) -> Any:
    """Ask for a code or a passkey."""
    with db.begin_read() as session:
        known = queries.own_factors(session, g.half.user_id)
    return page("users/second_factor.html", errors=errors or Errors(), status=status, known=known, email=g.half.email)


@bp.post("/login/second-factor")
@limiter.limit("30 per minute")
@public
@half_in("second_factor")
def give() -> Any:
    """Look at what was given; the login is whole then, under a new token."""
    step, given = how()
    return let_in(tokens.prove(step, login_id=g.half.login_id, **given))


@bp.get("/login/enrol")
@public
@half_in("enrol")
def offer(errors: Errors | None = None, status: int = 200) -> Any:
    """Offer an authenticator app and a passkey."""
    with db.begin() as session:
        seed = commands.offer_app(session, user_id=g.half.user_id, login_id=g.half.login_id)
    return page("users/enrol.html", errors=errors or Errors(), status=status, **drawn(seed, g.half.email))


@bp.post("/login/enrol")
@limiter.limit("30 per minute")
@public
@half_in("enrol")
def enrol() -> Any:
    """Take the first proof of a new factor, show the recovery codes once, and let its owner in."""
    step, given = new_factor()
    made = tokens.enrol(step, login_id=g.half.login_id, **given)
    with db.begin() as session:
        codes = commands.renew_recovery_codes(session, user_id=made.user_id)
    return keep(made, page("users/first_codes.html", codes=codes, back=safe_next(request.args.get("next"))))


@bp.post("/login/enrol/options")
@limiter.limit("60 per minute")
@public
@half_in("enrol")
def passkey_options() -> Any:
    """What a new passkey must fit."""
    with db.begin() as session:
        return as_json(commands.offer_passkey(session, user_id=g.half.user_id))


def new_factor() -> tuple[Any, dict[str, str]]:
    """What the form enrols: the command that does it, and what was given."""
    if "credential" in request.form:
        given = {"credential": request.form["credential"], "name": request.form.get("name") or "Passkey"}
        return commands.enrol_passkey, given
    return commands.enrol_app, {"code": request.form.get("code", "")}


def drawn(seed: str, email: str) -> dict[str, Any]:
    """A seed as a picture for an app to read (an SVG path and its size), and as text to type, in blocks of four."""
    rows = [*segno.make(commands.address_of(seed, email), error="m").matrix]
    dark = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module & 1)
    typed = " ".join(seed[start : start + 4] for start in range(0, len(seed), 4))
    return {"path": dark, "size": len(rows), "seed": typed}


@bp.errorhandler(Refused)
def refused(error: Refused) -> Any:
    """A wrong code and too many tries: said on the form itself. Who has no tries left begins anew."""
    if error.code in ("login_ended", "factor_known"):  # the second: they have set one up elsewhere, and give that
        return redirect("/login")
    wrong = Errors(error)
    show = ask if g.half.state == "second_factor" else offer
    return waiting(show(wrong, wrong.status), error)
