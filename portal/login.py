"""Signing in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, current_app, g, redirect, request
from flask_babel import lazy_gettext as _l
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from domains.kernel.errors import Refused
from domains.kernel.places import place_of
from domains.users import commands, db, tokens
from gateway.introduction import login_cookie

from .access import public, safe_next, signed_in
from .formats import translated
from .forms import status_of, waiting
from .htmx import page

bp = Blueprint("login", __name__)


def place() -> str:
    """Where a request comes from, as it is counted: of IPv6 the network, where each has more addresses than a limit."""
    return place_of(get_remote_address())


limiter = Limiter(place)  # the slow-down per address and place is in `users`; this spares the hashing


class LoginForm(FlaskForm):
    """What a person types to come in."""

    email = StringField(
        _l("E-mail address"),
        [InputRequired(_l("Type your e-mail address")), Length(max=320, message=_l("Type your e-mail address"))],
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Type your password"))])


@bp.get("/login")
@public
def show() -> Any:
    if g.caller is not None:
        return redirect(safe_next(request.args.get("next")), 303)
    half = tokens.half_of_login(own_token())
    return shown(LoginForm()) if half is None else on_to(half.state)


@bp.post("/login")
@limiter.limit("30 per minute")
@public
def sign_in() -> Any:
    form = LoginForm()
    if not form.validate_on_submit():
        return shown(form, 422)
    known = {"email": form.email.data, "password": form.password.data}
    made = tokens.sign_in(**known, ip=request.remote_addr or "", user_agent=request.user_agent.string)
    return let_in(made)


@bp.post("/login/passkey")
@limiter.limit("30 per minute")
@public
def sign_in_by_passkey() -> Any:
    known = {"ip": request.remote_addr or "", "user_agent": request.user_agent.string}
    return let_in(tokens.sign_in_by_passkey(credential=request.form.get("credential", ""), **known))


@bp.post("/login/passkey/options")
@limiter.limit("60 per minute")
@public
def passkey_options() -> Any:
    """What a passkey is asked to sign: one of the reader's, as far as it is known who reads, or anybody's."""
    half = tokens.half_of_login(own_token()) if g.caller is None else None
    known = UUID(g.caller.actor.id) if g.caller is not None else half.user_id if half is not None else None
    with db.begin() as session:
        return as_json(commands.ask_passkey(session, user_id=known))


@bp.errorhandler(Refused)
def refused(error: Refused) -> Any:
    """Wrong address, wrong password and too many tries: said on the form itself."""
    form = LoginForm(formdata=None if "credential" in request.form else request.form)
    form.password.errors = [translated(error.detail)]
    return waiting(shown(form, status_of(error)), error)


def shown(form: LoginForm, status: int = 200) -> Response:
    """The form, with what is wrong beside each field and in a summary."""
    errors = {name: str(texts[0]) for name, texts in form.errors.items() if texts}
    return page("users/login.html", form=form, errors=errors, status=status)


def let_in(made: commands.SignedIn, back: str | None = None) -> Response:
    """Go on, with the login's token in a cookie that only this site's pages send back."""
    return keep(made, on_to(made.state, back))


def keep(made: commands.SignedIn, response: Response) -> Response:
    """An answer with the login's new token in the cookie."""
    response.set_cookie(value=made.token, **cookie())
    return response


def on_to(state: str, back: str | None = None) -> Response:
    """Go where a login in this state leads: to what the reader wanted, or to what is missing before."""
    wanted = safe_next(back or request.args.get("next"))
    step = {"second_factor": "/login/second-factor", "enrol": "/login/enrol"}.get(state)
    where = wanted if step is None else step if wanted == "/" else f"{step}?next={quote(wanted)}"
    return redirect(where, 303)  # type: ignore[return-value]


def own_token() -> str | None:
    """The token in the browser's cookie. Only the pages that finish a login read it: all others read the assertion."""
    return request.cookies.get(login_cookie(current_app.config["SETTINGS"]))


def as_json(text: str) -> Response:
    """Options for the browser's passkeys, which `passkeys.js` asks for."""
    return Response(text, mimetype="application/json")


def cookie() -> dict[str, Any]:
    """The login's cookie: browsers change or drop one called __Host-… only with all of these."""
    settings = current_app.config["SETTINGS"]
    known = {"httponly": True, "samesite": "Lax", "secure": settings.is_production, "path": "/"}
    return known | {"key": login_cookie(settings)}


@bp.post("/logout")
@signed_in
def sign_out() -> Any:
    with db.begin() as session:
        commands.sign_out(session, login_id=UUID(g.caller.login_id))
    tokens.forget_epoch("login", g.caller.login_id)
    response = redirect("/login", 303)
    response.delete_cookie(**cookie())
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
