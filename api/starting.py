"""Answering 202: what takes a while is started as a saga, and its operation is what the client can follow."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from flask import Response, current_app, g, jsonify, request
from sqlalchemy.orm import Session

from saga import store, tables
from saga.definition import Saga
from saga.tables import Run
from saga.timeline import TimelineStep, operation_status, percent, timeline, waiting_for

from . import described
from .idempotency import REPLAYED, asked
from .schemas.operations import Operation

PATHS = {
    "order": "/orders/", "subscription": "/subscriptions/", "account": "/accounts/", "customer": "/customers/",
    "drift": "/drift/", "bulk_plan": "/bulk-plans/",
}  # fmt: skip
POLL_AFTER = 1  # seconds
CANCELED = "It was cancelled; what had been done was taken back."
NO_ANSWER = "We got no clear answer in time; what had been done was taken back."
SETTLED = "Our staff have ended it and settled what there was to settle."
MESSAGES = {
    "waiting": "Waiting for somebody else; nothing needs to be done.",
    "failed": "No clear answer came in time.",
    "undone": "This was taken back.",
}


class Start(NamedTuple):
    """What a view wants done: a saga, and a payload that knows its label and what it is about."""

    saga: Saga
    payload: Any


def starts(view: Callable[..., Start]) -> Callable[..., Response]:
    """Start the saga a view asks for and answer 202 with its operation; a repeated request gets the same operation.

    A repeat is known before the view runs, so that it is answered even when the request would be refused by now.
    """

    @wraps(view)
    def started(*args: Any, **kwargs: Any) -> Response:
        wanted = asked(required=True)
        assert wanted is not None
        run = store.repeated(wanted.key, wanted.request_digest)
        if run is None:
            saga, payload = view(*args, **kwargs)
            told = {"label": payload.label, "resource": payload.resource, "actor": g.caller.actor}
            told["waiting_for"] = getattr(payload, "waiting_for", None)
            run = store.start(saga, payload, key=wanted.key, request_digest=wanted.request_digest, **told)
        return accepted(run)

    headers = {
        "Operation-Location": described.OPERATION_LOCATION,
        "Retry-After": described.RETRY_AFTER,
        REPLAYED: described.REPLAYED,
    }
    answer = {"schema": Operation, "description": "Accepted: follow the operation.", "headers": headers}
    return described.describe(started, parameters=["IdempotencyKey"], errors=[400, 409, 422], answers={202: answer})


def accepted(run: Run) -> Response:
    """The 202 answer for a run."""
    with tables.db.begin_read() as session:
        body = Operation().dump(as_operation(session, run))
    response = jsonify(body)
    response.status_code = 202
    response.headers["Operation-Location"] = address(f"/operations/{run.id}")
    response.headers["Retry-After"] = str(POLL_AFTER)
    if run.replayed:
        response.headers[REPLAYED] = "true"
    return response


def address(path: str) -> str:
    """The absolute address of something in this API."""
    return f"{current_app.config['PUBLIC_URL']}{request.script_root or '/api/v1'}{path}"


def as_operation(session: Session, run: Run) -> dict[str, Any]:
    """A run under its public name. `resource_url` is there once the first step is done and not taken back."""
    steps = timeline(session, run)
    exists = steps[0].status == "done" and run.resource_kind in PATHS
    return {
        "id": run.id,
        "kind": run.definition.replace("-", "_"),
        "status": operation_status(run),
        "waiting_for": waiting_for(run),
        "percent_complete": percent(steps),
        "steps": [{**vars(step), "message": _message(step)} for step in steps],
        "label": run.label,
        "customer_id": run.customer_id,
        "resource_kind": run.resource_kind,
        "resource_id": run.resource_id,
        "resource_url": address(PATHS[run.resource_kind] + str(run.resource_id)) if exists else None,
        "error": failure(run),
        "version": run.rev,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "ended_at": run.ended_at,
    }


def failure(run: Run) -> dict[str, str] | None:
    """Why a run came to nothing, if it did."""
    if run.error is None or operation_status(run) == "succeeded":
        return None
    words = {"canceled": CANCELED, "resolved": SETTLED}
    return {"code": run.error["code"], "detail": run.error.get("detail") or words.get(run.error["code"], NO_ANSWER)}


def _message(step: TimelineStep) -> str | None:
    """What a client may know about a step. Technical details of a failure are ours alone."""
    if step.status == "refused" and step.error:
        return str(step.error.get("detail") or "")
    if step.status in ("working", "undoing") and step.attempts > 1:
        return "This did not get through at once; we are trying again."
    return MESSAGES.get(step.status)
