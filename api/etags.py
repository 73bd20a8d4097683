"""Versions of things: what a client has seen, so that two people never overwrite each other unknowingly.

A tag is `"<id>-<version>"`. Proxies weaken tags when they compress, so `W/` is accepted and means the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Response, g, request
from flask_smorest.utils import get_appcontext

from . import described
from .errors import refused

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def tag(thing_id: Any, version: int) -> str:
    """The tag of a thing in a version."""
    return f'"{thing_id}-{version}"'


def tagged(view: Callable[..., Response]) -> Callable[..., Response]:
    """Put the tag of the answer (its `id` and `version`) on it; 304 when a reader has it already."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        response = view(*args, **kwargs)
        dumped = get_appcontext()["result_dump"]
        response.headers["ETag"] = tag(dumped["id"], dumped["version"])
        if request.method == "GET":
            response.make_conditional(request)
        return response

    return answer


def if_match(*, required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the view `expected_version`, the version the client has seen (None: any). 428 when it must be sent."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            ids = [value for value in kwargs.values() if isinstance(value, UUID)]
            expected = expected_version(ids[0] if ids else g.caller.actor.id, required=required)
            return view(*args, **kwargs, expected_version=expected)

        header = "IfMatch" if required else "IfMatchOptional"
        return described.describe(checked, parameters=[header], errors=[412, 428] if required else [412])

    return decorate


def expected_version(thing_id: Any, *, required: bool) -> int | None:
    """The version of a thing that `If-Match` names; 428 when there is none, 412 when it can match no version."""
    header = request.headers.get("If-Match", "").strip()
    if not header and required:
        raise refused(428, "precondition_required", "Send the ETag you have seen in the header If-Match.")
    if header in ("", "*"):
        return None
    for value in _TAG.findall(header):
        found, _, version = value.rpartition("-")
        if found == str(thing_id) and version.isdigit():
            return int(version)
    raise refused(412, "version_conflict", "If-Match names no version of this: read it again and send its ETag.")
