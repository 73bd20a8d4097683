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

from domains.kernel.crypto import digest

from . import described
from .errors import refused

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_VERSION = re.compile(r"([0-9]{1,9})(?:\.[0-9a-f]+)?")


def tagged(view: Callable[..., Response], *, by_body: bool = False) -> Callable[..., Response]:
    """Put the tag of the answer (its `id` and `version`) on it; 304 when a reader has it already.

    `by_body`: the answer also changes by the clock or by prices, so the tag holds a digest of it too.
    """

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        response = view(*args, **kwargs)
        if response.status_code == 202:  # an operation to follow, which has a tag of its own
            return response
        dumped = get_appcontext()["result_dump"]
        seal = f".{digest(response.get_data())[:12]}" if by_body else ""
        response.headers["ETag"] = f'"{dumped["id"]}-{dumped["version"]}{seal}"'
        if request.method == "GET":
            response.make_conditional(request)
        return response

    return answer


def if_match(*, required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the view `expected_version`, the version the client has seen (None: any). 428 when it must be sent."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            ids = [value for name, value in kwargs.items() if isinstance(value, UUID) or name == "client_id"]
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
        if found == str(thing_id) and (seen := _VERSION.fullmatch(version)):
            return int(seen[1])
    raise refused(412, "version_conflict", "If-Match names no version of this: read it again and send its ETag.")


def same_version(expected: int | None, found: int) -> None:
    """Refuse with 412 when the client has seen another version than the one that was found."""
    if expected not in (None, found):
        raise refused(412, "version_conflict", "It has changed since you looked: read it again, then decide.")
