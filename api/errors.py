"""Every answer that is not a yes: mapped once, by class, to an RFC 9457 problem."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, jsonify, request
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException, default_exceptions

from domains.billing.documents import Damaged
from domains.kernel.errors import Conflict, DomainError, Invalid, NotFound, NotNow, Pending, Refused
from domains.kernel.messages import context

from .problems import title_of
from .schemas.problems import Problem

log = logging.getLogger(__name__)
PROBLEMS = "/api/docs/problems/"  # a page for each code (api/reference.py)
STATUS = {Invalid: 422, NotFound: 404, Conflict: 409, Refused: 422}
STATUS_OF_CODE = {
    "cursor_invalid": 400, "limit_invalid": 400, "version_conflict": 412, "too_many_attempts": 429,
    "attachment_too_large": 413, "attachment_kind_not_taken": 415, "attachment_content_unfit": 415,
    "webhook_unverified": 403,
}  # fmt: skip
DEFAULT_CODES = {
    400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    413: "content_too_large", 415: "unsupported_media_type", 429: "too_many_requests",
}  # fmt: skip
DEFAULT_DETAILS = {
    400: "The request cannot be read: send a body of JSON in UTF-8.",
    401: "Ask /oauth2/token for an access token and send it as Bearer; it lasts ten minutes.",
    404: "There is nothing at this address.",
    405: "This address does not take that method; the header Allow names those it takes.",
    413: "The body is too large: send at most 1 MB.",
    415: "Send the body as application/json.",
    500: "Something broke on our side. Try again; if it stays, open a case and quote the request_id.",
}
DAMAGED = "The document is not there as it was stored, so nobody gets it. Open a case and quote the request_id."
BUSY = "A part of the system is not available for the moment. Try again with the same Idempotency-Key."
UNUSABLE = "A value cannot be stored: a number is too large, or a text too long or not a text."
# marshmallow's texts and the codes we give them
CODES = {
    "Missing data for required field.": "required",
    "Unknown field.": "unknown_field",
    "Field may not be null.": "null_not_allowed",
}
Errors = list[dict[str, str]]


def refused(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> HTTPException:
    """An exception that is answered as this problem."""
    error = default_exceptions[status](detail)
    error.data = {"code": code, "headers": headers or {}}  # type: ignore[attr-defined]
    return error


def problem(status: int, code: str, detail: str, errors: Errors | None = None, headers: Any = ()) -> Response:
    """The answer for one problem."""
    response = jsonify(
        Problem().dump(
            {
                "type": PROBLEMS + code, "title": title_of(code, status), "status": status, "code": code,
                "detail": detail, "instance": quote(request.script_root + request.path, safe="/-_.~"),
                "request_id": context().request_id, "errors": errors or [],
            }
        )
    )  # fmt: skip
    response.status_code = status
    response.headers.extend(headers)
    response.headers["Content-Type"] = "application/problem+json"
    response.headers["Content-Language"] = "en"
    return response


def register(app: Flask) -> None:
    """Map errors for a whole app."""
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(DomainError, from_domain)
    app.register_error_handler(DataError, from_unusable)
    for busy in (NotNow, Pending, OperationalError, NoConnectionFree):
        app.register_error_handler(busy, from_busy)
    app.register_error_handler(Damaged, from_damaged)


def from_domain(error: DomainError) -> Response:
    """What a domain says no to."""
    status = STATUS_OF_CODE.get(error.code) or next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)
    headers = {"Retry-After": str(int(error.params["retry_after"]))} if "retry_after" in error.params else {}
    return problem(status, error.code, error.detail, _fault(error), headers)


def _fault(error: DomainError) -> Errors:
    if not error.field:
        return []
    location = "query" if request.method == "GET" else "body"
    pointer = "/" + error.field.replace("[", ".").replace("]", "").replace(".", "/")
    return [{"pointer": pointer, "location": location, "code": error.code, "detail": error.detail}]


def from_http(error: HTTPException) -> Response:
    """What the framework, or `refused`, says no to."""
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    headers = [(k, v) for k, v in error.get_headers() if k not in ("Content-Type", "Content-Length")]
    headers += list((data.get("headers") or {}).items())
    if isinstance(data.get("messages"), dict) and "schema" in data:
        return _from_validation(status, data["messages"])
    code = data.get("code") or DEFAULT_CODES.get(status, "internal_error" if status >= 500 else "refused")
    detail = DEFAULT_DETAILS.get(status) if "code" not in data else error.description
    return problem(status, code, detail or error.description or "", data.get("errors"), headers)


def _from_validation(status: int, messages: dict[str, Any]) -> Response:
    errors = [
        {"pointer": pointer, "location": "body" if location == "json" else location, "code": code, "detail": detail}
        for location, found in messages.items()
        for pointer, code, detail in flattened(found)
    ]
    code = "validation_failed" if status == 422 else "parameter_invalid"
    names = {error["pointer"] for error in errors}
    if status == 400 and names in ({"/limit"}, {"/cursor"}):
        code = f"{names.pop()[1:]}_invalid"
    detail = "; ".join(f"{error['pointer'] or 'body'}: {error['detail']}" for error in errors[:3])
    return problem(status, code, detail, errors)


def flattened(found: Any, pointer: str = "") -> Iterator[tuple[str, str, str]]:
    """(pointer, code, detail) of each text in marshmallow's nested messages."""
    if isinstance(found, dict):
        for name, inner in found.items():
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            yield from flattened(inner, pointer if name == "_schema" else f"{pointer}/{escaped}")
        return
    for text in found if isinstance(found, list) else [found]:
        yield pointer, CODES.get(text, "invalid"), str(text)


def from_unusable(error: DataError) -> Response:
    """A value that no check has minded and the database refuses, such as a number out of its range."""
    log.error("the database refused a value", exc_info=error)
    return problem(400, "bad_request", UNUSABLE)


def from_busy(error: Exception) -> Response:
    """Something we lean on is away; nothing was written."""
    log.warning("answered 503", exc_info=error)
    return problem(503, "temporarily_unavailable", BUSY, headers={"Retry-After": "2"})


def from_damaged(error: Exception) -> Response:
    """A document that is gone, or was changed; only we can mend that."""
    log.error("answered 500", exc_info=error)
    return problem(500, "document_damaged", DAMAGED)
