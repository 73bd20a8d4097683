"""What the OpenAPI document says about errors and headers, in one place, so that it says the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

# status: (name of the component, what it means here)
ERRORS = {
    400: ("BadRequest", "The request cannot be read, or a parameter or a header is missing or wrong."),
    401: ("Unauthorized", "The access token is missing, has expired, or was revoked."),
    403: ("Forbidden", "The token lacks the scope that this operation needs."),
    404: ("NotFound", "There is no such thing, or it is not yours."),
    409: ("Conflict", "The thing is busy, or in a state that does not allow this; look at it again."),
    412: ("PreconditionFailed", "The thing has changed since the version in `If-Match`."),
    413: ("ContentTooLarge", "The body is larger than 1 MB."),
    415: ("UnsupportedMediaType", "The body must be `application/json`."),
    422: ("UnprocessableContent", "A field is wrong, or the rules of the business refuse the request."),
    428: ("PreconditionRequired", "`If-Match` is missing."),
    429: ("TooManyRequests", "Too many requests; wait for `Retry-After` seconds."),
}

IDEMPOTENCY_KEY = (
    "A text that only this request has, such as a new UUID (at most 255 visible characters). Repeat the request with "
    "the same key when no answer came: nothing is done twice, and the answer is the one you missed."
)
IF_MATCH = "The `ETag` you have seen. The request is refused with 412 when the thing has changed since."
IF_NONE_MATCH = "The `ETag` you have. The answer is 304 without a body when nothing has changed since."

KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
TAG = {"type": "string", "minLength": 1}
# component: (name of the header, whether it must be sent, description, schema)
HEADERS = {
    "IdempotencyKey": ("Idempotency-Key", True, IDEMPOTENCY_KEY, KEY),
    "IdempotencyKeyOptional": ("Idempotency-Key", False, IDEMPOTENCY_KEY, KEY),
    "IfMatch": ("If-Match", True, IF_MATCH, TAG),
    "IfMatchOptional": ("If-Match", False, IF_MATCH, TAG),
    "IfNoneMatch": ("If-None-Match", False, IF_NONE_MATCH, {"type": "string"}),
}


def _answer_header(description: str, example: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind, "examples": [example]}}


ETAG = _answer_header("The version of the answer; send it back as `If-Match`.", '"018f…-3"')
LIST_ETAG = _answer_header("Of these bytes; send it back as `If-None-Match`.", '"9f86d081884c7d65"')
REPLAYED = _answer_header("`true` when this is the answer of an earlier request with the same key.", "true")
OPERATION_LOCATION = _answer_header("Where to ask how far it is.", "https://…/api/v1/operations/018f…")
RETRY_AFTER = {"description": "Seconds to wait before asking.", "schema": {"type": "integer", "format": "int32"}}


def describe(
    view: Callable[..., Any],
    *,
    parameters: Iterable[str] = (),
    errors: Iterable[int] = (),
    answers: dict[int, dict[str, Any]] | None = None,
) -> Callable[..., Any]:
    """Add to what flask-smorest knows about a view: header parameters by component, errors by status, other answers."""
    known = deepcopy(getattr(view, "_apidoc", {}))
    known.setdefault("arguments", {}).setdefault("parameters", []).extend(parameters)
    responses = known.setdefault("response", {}).setdefault("responses", {})
    for status in errors:
        responses.setdefault(status, [ERRORS[status][0]])
    for status, answer in (answers or {}).items():
        responses.setdefault(status, []).append({"content_type": None, **answer})
    view._apidoc = known  # type: ignore[attr-defined]
    return view


def with_errors(*statuses: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say that a view may also be answered with these errors."""
    return lambda view: describe(view, errors=statuses)
