"""What the web process says itself while nobody can be known, because the database of users is away.

An nginx in front says the same in the same words (nginx.py, nginx.conf.template).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .nginx import LANGUAGES, page

RETRY = "2"  # seconds
DETAIL = "A part of the system is not available for the moment. Try again with the same Idempotency-Key."


def answer(environ: dict[str, Any], in_api: bool, start_response: Any) -> Iterable[bytes]:
    """Answer 503: a problem for programs, a page for people."""
    request_id = environ["HTTP_X_REQUEST_ID"]
    if in_api:
        kind, text = "application/problem+json", _problem(request_id, environ.get("PATH_INFO", "/"))
    else:
        kind, text = "text/html; charset=utf-8", page(_language(environ), 503).replace("$rid", request_id)
    body = text.encode()
    start_response("503 Service Unavailable", [
        ("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
        ("Retry-After", RETRY), ("X-Request-Id", request_id),
    ])  # fmt: skip
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def _problem(request_id: str, path: str) -> str:
    code = "temporarily_unavailable"
    return json.dumps({
        "type": f"/api/docs/problems/{code}", "title": "Not available for the moment", "status": 503, "code": code,
        "detail": DETAIL, "instance": path, "request_id": request_id, "errors": [],
    })  # fmt: skip


def _language(environ: dict[str, Any]) -> str:
    wanted = environ.get("HTTP_ACCEPT_LANGUAGE", "")[:2].lower()
    return wanted if wanted in LANGUAGES else "en"
