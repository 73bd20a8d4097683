"""Faults that a test sets in a server of its own: the next calls of its API get another answer, or none in time."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, Response, request


def faulty(app: Flask, api: str) -> None:
    """Let a test PUT /control/faults: a list of {status, headers, body, count, path, after}.

    `path` is a part of the address that is hit; with `after` the work is done and its answer is lost. A status of 0 is
    silence.
    """
    faults: list[dict[str, Any]] = []
    app.add_url_rule("/healthz", view_func=dict)

    def taken(after: bool) -> Response | None:
        hit = [one for one in faults if one.get("path", "") in request.path and bool(one.get("after")) is after]
        if not hit or not request.path.startswith(api):
            return None
        fault = hit[0]
        fault["count"] = fault.get("count", 1) - 1
        if fault["count"] <= 0:
            faults.remove(fault)
        if not fault["status"]:
            time.sleep(fault.get("seconds", 2.0))  # silence lasts longer than the caller waits
        return Response(fault.get("body", "{}"), fault["status"] or 500, fault.get("headers", {}))

    @app.before_request
    def before() -> Response | None:
        return taken(after=False)

    @app.after_request
    def afterwards(answer: Response) -> Response:
        return taken(after=True) or answer

    @app.put("/control/faults")
    def set_faults() -> Any:
        faults[:] = request.get_json()
        return {}
