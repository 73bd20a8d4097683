"""What every answer of the portal carries: nothing foreign is loaded, nothing personal is kept on the way."""

from __future__ import annotations

from flask import Flask, Response, request, session

from domains.kernel.config import Settings
from domains.kernel.messages import context
from gateway import hardening

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
OWN = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",  # the form token's check over https needs our own
}


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of an app."""

    always = hardening.headers(settings) | OWN

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        if request.endpoint == "static":
            return kept(response)
        if context().request_id:
            response.headers["X-Request-Id"] = context().request_id
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.vary.update(("HX-Request", "Cookie"))
        return response


def kept(response: Response) -> Response:
    """A file under the version of its content may be kept for ever; one without a version is asked for each time."""
    for_ever = "v" in request.args and response.status_code in (200, 206, 304)
    session.accessed = False  # a file is nobody's: with Vary: Cookie, browsers would fetch it again for each cookie
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if for_ever else "public, no-cache"
    return response
