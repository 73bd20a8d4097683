"""Who calls the API: read from the assertion, refused when it is missing or says too little. Cookies are never read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from domains.kernel import assertion
from domains.kernel.config import Settings
from domains.kernel.messages import acting, cause_of
from domains.kernel.tenancy import within
from gateway import spans

from .errors import refused

V = TypeVar("V", bound=Callable[..., Any])


def register(app: Flask, settings: Settings) -> None:
    """Read the assertion of each request into `g.caller` (None for a stranger) and name the caller for the audit."""

    @app.before_request
    def introduce() -> None:
        stated = request.headers.get(assertion.HEADER, "")
        g.caller = assertion.verify(settings.assertion_key, stated, "api") if stated else None
        spans.note_customer(request.environ, g.caller)


def requires(scope: str) -> Callable[[V], V]:
    """Let only callers with this scope through: 401 for a stranger, 403 for one who may not."""

    def decorated(view: V) -> V:
        @wraps(view)
        def called(*args: Any, **values: Any) -> Any:
            if g.caller is None:
                sent = bool(request.headers.get("Authorization"))
                said: dict[str, str | None] = {"error": "invalid_token"} if sent else {}
                raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", said))
            if not g.caller.may(scope):
                raise refused(
                    403,
                    "forbidden",
                    f"This needs the scope {scope}.",
                    {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
                )
            with within(g.caller.scope), acting(**cause_of(g.caller)):
                return view(*args, **values)

        called.requires = scope  # type: ignore[attr-defined]
        return called  # type: ignore[return-value]

    return decorated


def public(view: V) -> V:
    """A view that anybody may call."""
    view.public = True  # type: ignore[attr-defined]
    return view
