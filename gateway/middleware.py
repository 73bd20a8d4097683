"""What the gateway does when there is none in front: nobody passes without being known, and forged headers are dropped.

The portal and the API trust nothing but the assertion that is put on here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

from domains.kernel import assertion
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.messages import acting, context
from domains.kernel.telemetry import traceparent
from domains.users import tokens

from . import health, spans
from .routes import API

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]
ASSERTION = "HTTP_" + assertion.HEADER.upper().replace("-", "_")
FORGED = re.compile(r"HTTP_X_(CLOUDSALES|FORWARDED|REAL|USER|TENANT)(_|$)|HTTP_FORWARDED$")
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def login_cookie(settings: Settings) -> str:
    """The name of the cookie that holds a browser's login token."""
    return "__Host-cloudsales_login" if settings.is_production else "cloudsales_login"


class Gateway:
    """A WSGI application in front of the surfaces."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app, self._settings, self._cookie = app, settings, login_cookie(settings)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path in ("/healthz", "/readyz"):
            return health.answer(path, self._settings, start_response)
        for name in [name for name in environ if FORGED.match(name)]:
            del environ[name]
        known = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = known if SAFE_ID.fullmatch(known) else str(new_id())
        environ["HTTP_X_REQUEST_ID"] = request_id
        in_api = path.startswith((API, "/oauth2"))
        with acting(request_id=request_id, traceparent=""), spans.request_span(environ, in_api) as tell:
            trace = context().traceparent or traceparent(environ.get("HTTP_TRACEPARENT"))
            environ["HTTP_TRACEPARENT"] = trace
            tell(request_id=request_id, customer_id=self._introduce(environ, path, in_api))
            with acting(traceparent=trace):
                return self._app(environ, spans.telling(tell, start_response))

    def _introduce(self, environ: Environ, path: str, in_api: bool) -> UUID | None:
        """Put on the assertion of who is calling, when a cookie (portal) or a token (API) proves it.

        Returns the customer whom the caller acts for.
        """
        if path.startswith("/static/"):
            return None
        caller = self._program(environ) if in_api else self._person(environ)
        if caller is not None:
            audience = "api" if in_api else "portal"
            environ[ASSERTION] = assertion.mint(self._settings.assertion_key, caller, audience)
        return caller.customer_id if caller is not None else None

    def _person(self, environ: Environ) -> Any:
        try:
            cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        except CookieError:
            return None
        return tokens.caller_of_login(cookies[self._cookie].value) if self._cookie in cookies else None

    def _program(self, environ: Environ) -> Any:
        kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        return tokens.caller_of_bearer(token) if kind.lower() == "bearer" else None
