"""What the web's spans are: one for each request as the gateway sees it, and below it what the app does.

Without a collector in the settings, requests pass as if this were not here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from domains.kernel import tracing
from domains.kernel.tenancy import Caller

TELL = "cloudsales.tell"  # where a request carries what notes facts on its span
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


def watch(app: Flask) -> None:
    """Record this app's requests. Called first of all when an app is made, so that its other hooks come under it."""
    provider = tracing.provider()
    if provider is not None:
        from opentelemetry.instrumentation.flask import FlaskInstrumentor

        FlaskInstrumentor().instrument_app(app, tracer_provider=provider, enable_commenter=False)


def request_span(environ: dict[str, Any], in_api: bool) -> Any:
    """The span of one request; `with` it. Goes on with the trace that the outside sent, when that is valid."""
    method = environ.get("REQUEST_METHOD", "")
    method = method if method in METHODS else "OTHER"
    incoming = environ.get("HTTP_TRACEPARENT", "")
    return tracing.span(f"{method} {'api' if in_api else 'portal'}", kind="server", parent=incoming, method=method)


def note_customer(environ: dict[str, Any], caller: Caller | None) -> None:
    """Note on the request's span for whom it is. Said by a surface, which alone has verified who is calling."""
    if caller is not None and TELL in environ:
        environ[TELL](customer_id=caller.customer_id)


def telling(tell: tracing.Tell, start_response: Any) -> Callable[..., Any]:
    """`start_response`, noting on the request's span how it was answered."""

    def noted(status: str, *more: Any) -> Any:
        code = int(status[:3])
        tell(status=code, failed=code >= 500)
        return start_response(status, *more)

    return noted
