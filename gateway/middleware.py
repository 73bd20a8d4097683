"""What stands around the surfaces in a web process: nobody passes without being known, and forged headers are dropped.

The portal and the API trust nothing but the assertion. Where no nginx stands in front, it is put on here; behind one
it has come with the request, and the address it names as the client's is the client's.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from domains.kernel import assertion
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.messages import acting, context
from domains.kernel.telemetry import traceparent, tracestate

from . import away, hardening, health, introduction, spans
from .introduction import ASSERTION
from .routes import API

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]
log = logging.getLogger(__name__)
FORGED = re.compile(r"HTTP_X_(CLOUDSALES|FORWARDED|REAL|USER|TENANT)(_|$)|HTTP_FORWARDED$")
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Gateway:
    """A WSGI application in front of the surfaces."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app, self._settings, self._behind_nginx = app, settings, settings.gateway == "nginx"
        self._introduces = self._behind_nginx and "users" in settings.domain_names

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        path, start_response = environ.get("PATH_INFO", "/"), hardening.hardened(start_response, self._settings)
        if path in ("/healthz", "/readyz"):
            return health.answer(path, self._settings, start_response)
        if path == introduction.ADDRESS and self._introduces:
            return introduction.answer(environ, self._settings, start_response)
        stated, client = environ.get(ASSERTION), environ.get("HTTP_X_FORWARDED_FOR")
        for name in [name for name in environ if FORGED.match(name)]:
            del environ[name]
        known = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = known if SAFE_ID.fullmatch(known) else str(new_id())
        environ["HTTP_X_REQUEST_ID"] = request_id
        in_api = path.startswith((API, "/oauth2"))
        state = tracestate(environ.pop("HTTP_TRACESTATE", None), environ.get("HTTP_TRACEPARENT"))
        with (
            acting(request_id=request_id, traceparent="", tracestate=state),
            spans.request_span(environ, in_api) as tell,
        ):
            trace = context().traceparent or traceparent(environ.get("HTTP_TRACEPARENT"))
            environ["HTTP_TRACEPARENT"] = trace
            environ |= {"HTTP_TRACESTATE": state} if state else {}
            environ[spans.TELL] = tell
            tell(request_id=request_id)
            if self._behind_nginx:
                self._believe(environ, stated, client)
            with acting(traceparent=trace, origin=introduction.origin_of(environ)):
                if not self._behind_nginx and not self._introduced(environ, path, in_api, stated):
                    return away.answer(environ, in_api, spans.telling(tell, start_response))
                return self._app(environ, spans.telling(tell, start_response))

    def _believe(self, environ: Environ, stated: str | None, client: str | None) -> None:
        """Take over what nginx says: the assertion (verified by the surfaces) and where the request came from."""
        if stated:
            environ[ASSERTION] = stated
        if client:
            environ["REMOTE_ADDR"] = client
        environ["wsgi.url_scheme"] = urlsplit(self._settings.public_url).scheme  # TLS ends in front of us

    def _introduced(self, environ: Environ, path: str, in_api: bool, stated: str | None) -> bool:
        """Introduce a request; False while nobody can be known, because the database of users is away."""
        try:
            self._introduce(environ, path, in_api, stated)
        except SQLAlchemyError as gone:
            log.warning("cannot tell who is calling", exc_info=gone)
            return False
        return True

    def _introduce(self, environ: Environ, path: str, in_api: bool, stated: str | None) -> None:
        """Put on the assertion of who is calling, when a cookie (portal) or a token (API) proves it.

        One that came along is forged: it is not heard, but noted.
        """
        if stated:
            introduction.note_forged(environ | {ASSERTION: stated})
        if path.startswith("/static/"):
            return
        audience = "api" if in_api else "portal"
        caller = introduction.caller_of(environ, self._settings, audience)
        if caller is not None:
            environ[ASSERTION] = assertion.mint(self._settings.assertion_key, caller, audience)
