"""Who reads the portal: known by the assertion through Flask-Login, else sent to sign in; refused without the right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from flask import Flask, Request, Response, abort, g, redirect, request
from flask_login import LoginManager, UserMixin, current_user, login_required

from domains.kernel import assertion, clock
from domains.kernel.config import Settings
from domains.kernel.messages import acting, cause_of
from domains.kernel.tenancy import Caller, within
from gateway import spans

V = TypeVar("V", bound=Callable[..., Any])
PROOF_LASTS = timedelta(minutes=10)  # so long after proving who one is, sensitive things are done without asking again


class Reader(UserMixin):
    """The person who reads, as Flask-Login wants one."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def get_id(self) -> str:
        return self.caller.login_id


def register(app: Flask, settings: Settings) -> None:
    """Load the reader from the server-side login behind each request's assertion into `g.caller`."""
    manager = LoginManager(app)
    manager.session_protection = None  # logins live in the users database, not in Flask's cookie

    @manager.request_loader
    def load(asked: Request) -> Reader | None:
        stated = asked.headers.get(assertion.HEADER, "")
        caller = assertion.verify(settings.assertion_key, stated, "portal") if stated else None
        return Reader(caller) if caller is not None else None

    @app.before_request
    def introduce() -> None:
        g.caller = current_user.caller if current_user.is_authenticated else None
        spans.note_customer(request.environ, g.caller)

    manager.unauthorized_handler(send_to_sign_in)


def send_to_sign_in() -> Response:
    """Send a stranger to sign in and back; a part of a page sends the whole page there."""
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": _sign_in(*split(request.headers.get("HX-Current-URL")))})
    back = (request.path, request.query_string.decode()) if request.method == "GET" else ("/", "")
    return redirect(_sign_in(*back), 303)  # type: ignore[return-value]


def _sign_in(path: str, query: str) -> str:
    wanted = path + (f"?{query}" if query else "")
    # an address, not url_for: this process may not hold the domain that signs people in
    return "/login" + ("" if wanted == "/" else f"?next={quote(wanted)}")


def safe_next(wanted: str | None) -> str:
    """Where to go after signing in: a path of our own, never another site's address."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted:
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else wanted


def split(address: str | None) -> tuple[str, str]:
    """Path and query of an address that a browser says; our first page when it says none, or what is none."""
    try:
        parts = urlsplit(address or "/")
    except ValueError:
        return "/", ""
    return parts.path, parts.query


def requires(scope: str) -> Callable[[V], V]:
    """Let only signed-in people with this scope through; others get the 403 page."""

    def decorated(view: V) -> V:
        @wraps(view)
        @login_required
        def called(*args: Any, **values: Any) -> Any:
            if not g.caller.may(scope):
                abort(403)
            with within(g.caller.scope), acting(**cause_of(g.caller)):
                return view(*args, **values)

        called.requires = scope  # type: ignore[attr-defined]
        return called  # type: ignore[return-value]

    return decorated


def signed_in(view: V) -> V:
    """Let everybody who has signed in through, whatever their role."""

    @wraps(view)
    @login_required
    def called(*args: Any, **values: Any) -> Any:
        with within(g.caller.scope), acting(**cause_of(g.caller)):
            return view(*args, **values)

    called.requires = "login"  # type: ignore[attr-defined]
    return called  # type: ignore[return-value]


def proved(view: V) -> V:
    """Let people do something sensitive who have proved who they are within the last ten minutes (ASVS 7.5.1).

    Others go to /confirm and from there back to the page that they came from. Stands under `requires` or `signed_in`.
    """

    @wraps(view)
    def called(*args: Any, **values: Any) -> Any:
        return view(*args, **values) if is_proved(g.caller) else send_to_confirm()

    called.proved = True  # type: ignore[attr-defined]
    return called  # type: ignore[return-value]


def is_proved(caller: Caller) -> bool:
    """Whether somebody has lately shown, by a password, a code or a passkey, that it is they."""
    at = caller.preferences.get("proved_at") or ""
    return at != "" and clock.wall() - datetime.fromisoformat(at) <= PROOF_LASTS


def send_to_confirm() -> Response:
    """Send somebody to prove who they are, and then back to where the form is that they have sent."""
    back = split(request.headers.get("HX-Current-URL") or request.headers.get("Referer"))
    if request.method == "GET" and not request.headers.get("HX-Request"):
        back = (request.path, request.query_string.decode())
    where = "/confirm?next=" + quote(back[0] + (f"?{back[1]}" if back[1] else ""))
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": where})
    return redirect(where, 303)  # type: ignore[return-value]


def public(view: V) -> V:
    """A page that anybody may read."""
    view.public = True  # type: ignore[attr-defined]
    return view
