"""The provider's web application: sign-in for programs, errors, faults on their way in and out, the API's document."""

from __future__ import annotations

import base64
import hmac
import inspect
import secrets
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from . import clock
from .books import Books, Document, Pages
from .errors import No
from .faults import Faults
from .whose import customer_of

TOKEN_SECONDS = 3600
_summaries: dict[str, str] = {}


def books() -> Books:
    """This application's documents."""
    return current_app.extensions["books"]


def faults() -> Faults:
    """This application's faults."""
    return current_app.extensions["faults"]


def operation(name: str, summary: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view of the API: needs a token, may be hit by faults of its operation, answers JSON."""

    def decorated(view: Callable[..., Any]) -> Callable[..., Any]:
        _summaries[view.__name__] = summary

        @wraps(view)
        def called(**values: str) -> Any:
            authorise()
            body = request.get_json(silent=True) if request.is_json else None
            g.customer = customer_of(books(), faults(), values, body)
            _hit(name, {**(body if isinstance(body, dict) else {}), **values} | whose())
            with clock.ahead_by(current_app.extensions["moved"].get(g.customer, 0.0)):
                return view(**values)

        return called

    return decorated


def whose() -> dict[str, Any]:
    """What a fault of one customer is matched against, as far as a call says whose it is."""
    return {"customer": g.customer} if g.get("customer") else {}


def authorise() -> None:
    """Refuse a request without a token that was issued here and has not run out."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or current_app.extensions["tokens"].get(token, 0) < time.monotonic():
        raise No(401, "unauthorized", "Send a Bearer token from /oauth2/token.")


def _hit(name: str, facts: dict[str, Any]) -> None:
    """Faults that strike before anything is done."""
    slow = faults().take(name, "latency", **facts)
    if slow:
        stopping().wait(float(slow.get("seconds", 2)))
    if faults().take(name, "throttle", **facts):
        raise No(429, "throttled", "Too many requests.", retry_after=1)
    broken = faults().take(name, "error", **facts)
    if broken:
        raise No(int(broken.get("status", 500)), broken.get("code", "internal_error"), "Something broke.")


def hang(name: str, **facts: Any) -> None:
    """Faults that strike after the effect is kept: silence, or an error in place of the answer."""
    facts |= whose()
    silent = faults().take(name, "timeout_after_applying", **facts)
    if silent:
        stopping().wait(float(silent.get("seconds", 30)))
        g.drop = True
    elif faults().take(name, "error_after_applying", **facts):
        raise No(500, "internal_error", "Something broke after the work was done.")


def stopping() -> threading.Event:
    """Set when the process ends, so that nobody hangs on."""
    return current_app.extensions["stopping"]


def answer_of(name: str, document: Document, status: int = 200) -> Response:
    """An answer, or the broken one that a fault asks for."""
    if g.pop("drop", False):
        # Promise more than is sent, then close: the client sees the connection break in the middle of an answer.
        return Response(b"", status, {"Content-Length": "1000000", "Connection": "close"})
    response = jsonify(document)
    response.status_code = status
    if faults().take(name, "duplicate_answer", **whose()):
        response.set_data(response.get_data() * 2)
    return response


def page_of(pages: Pages, kind: str, owner: str | None = None, shown: Any = None) -> Document:
    """A page of documents by the request's limit and cursor."""
    limit = min(int(request.args.get("limit", 100)), 500)
    documents, more = pages.page(kind, int(request.args.get("cursor") or 0), limit, owner)
    return {"items": [shown(one) if shown else one for one in documents], "next_cursor": str(more) if more else None}


def issue_token() -> Any:
    """OAuth2 client credentials by HTTP Basic or in the body (RFC 6749 section 4.4)."""
    given = request.authorization
    client = given.username if given else request.form.get("client_id", "")
    secret = given.password if given else request.form.get("client_secret", "")
    expected = current_app.extensions["client"]
    match = hmac.compare_digest(f"{client}:{secret}".encode(), ":".join(expected).encode())
    if not match or request.form.get("grant_type") != "client_credentials":
        code = "invalid_client" if not match else "unsupported_grant_type"
        return jsonify(error=code), 401 if not match else 400
    token = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    current_app.extensions["tokens"][token] = time.monotonic() + TOKEN_SECONDS
    return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}


def refused(no: No) -> Response:
    """A clear no as JSON."""
    response = make_response(jsonify(code=no.code, message=no.message, data=no.data), no.status)
    if no.retry_after is not None or no.status in (429, 503):
        response.headers["Retry-After"] = str(no.retry_after or 1)
    return response


def broken(error: HTTPException) -> Response:
    """Werkzeug's own errors in the same shape."""
    code = (error.name or "error").lower().replace(" ", "_")
    return make_response(jsonify(code=code, message=error.description, data={}), error.code or 500)


def document(app: Flask) -> Document:
    """The API described in OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if not str(rule).startswith("/v1"):
            continue
        path, name = str(rule).replace("<", "{").replace(">", "}"), rule.endpoint.split(".")[-1]
        parameters = [
            {"name": one, "in": "path", "required": True, "schema": {"type": "string"}}
            for one in sorted(rule.arguments)
        ]
        for method in sorted(rule.methods or set()):
            if method in ("GET", "POST", "PUT", "DELETE"):
                paths.setdefault(path, {})[method.lower()] = _described(name, method, parameters)
    flow = {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": {}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sandbox cloud computing provider", "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {"oauth2": {"type": "oauth2", "flows": flow}},
            "schemas": {"Object": {"type": "object"}},
        },
        "security": [{"oauth2": []}],
    }


def _described(name: str, method: str, parameters: list[Document]) -> Document:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Object"}}}
    made: Document = {
        "operationId": name,
        "summary": _summaries.get(name, inspect.cleandoc(name)),
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer", "content": content},
            "default": {"description": "A clear no"},
        },
    }
    if method in ("POST", "PUT"):
        made["requestBody"] = {"content": content}
    return made
