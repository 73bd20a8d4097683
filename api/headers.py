"""What every API answer carries: the request's id, and headers that keep browsers and caches from harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request

from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.messages import acting, context
from domains.kernel.telemetry import traceparent, tracestate
from gateway import hardening

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Traced:
    """Gives every request an id and a trace that its audit entries, events and log lines carry."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SAFE_ID.fullmatch(given) else str(new_id())
        came = environ.get("HTTP_TRACEPARENT")
        state = tracestate(environ.get("HTTP_TRACESTATE"), came)
        with acting(request_id=request_id, traceparent=traceparent(came), tracestate=state):
            return self.application(environ, start_response)


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of an app."""
    app.wsgi_app = Traced(app.wsgi_app)  # type: ignore[method-assign]

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = context().request_id
        for name, value in hardening.headers(settings).items():
            response.headers.setdefault(name, value)
        readable = request.method in ("GET", "HEAD") and response.status_code in (200, 304)
        response.headers.setdefault("Cache-Control", "private, no-cache" if readable else "no-store")
        response.headers.setdefault("Vary", "Authorization")
        return response
