"""See what becomes of all runs, and step in where one needs a person. For operators only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.kernel.errors import DomainError
from saga import bulk, console, interventions, store, tables
from saga.tables import Run as Row

from . import described
from .auth import requires
from .blueprint import Blueprint
from .idempotency import once, once_for_all
from .schemas import listing
from .schemas.runs import (
    InterventionList,
    InterventionRequest,
    RetryOutcomes,
    RetryRequest,
    RunDetail,
    RunEventList,
    RunEventQuery,
    RunList,
    RunQuery,
)

blp = Blueprint("runs", __name__, url_prefix="/runs", description=__doc__)


@blp.get("")
@requires("runs:read")
@blp.query(RunQuery)
@blp.response(200, RunList)
def list_runs(wish: dict[str, Any]) -> Any:
    """List runs, newest first."""
    page = {name: wish.pop(name) for name in ("cursor", "limit") if name in wish}
    with tables.db.begin_read() as session:
        found = console.list_runs(session, g.caller.scope, wanted(wish), **page)
    return listing(found) | {"items": [as_run(run) for run in found.items]}


@blp.get("/<uuid:run_id>")
@requires("runs:read")
@blp.response(200, RunDetail)
def get_run(run_id: UUID) -> Any:
    """Get a run with every command of it."""
    with tables.db.begin_read() as session:
        return in_detail(session, store.get(session, g.caller.scope, run_id))


@blp.get("/<uuid:run_id>/timeline")
@requires("runs:read")
@blp.query(RunEventQuery)
@blp.response(200, RunEventList)
def list_run_events(wish: dict[str, Any], run_id: UUID) -> Any:
    """List what has happened to a run, the latest first. Nothing of it is ever erased."""
    with tables.db.begin_read() as session:
        store.get(session, g.caller.scope, run_id)
        return listing(console.list_events(session, run_id, **wish))


@blp.get("/<uuid:run_id>/interventions")
@requires("runs:read")
@blp.response(200, InterventionList)
def list_interventions(run_id: UUID) -> Any:
    """List what people have done to a run, oldest first."""
    with tables.db.begin_read() as session:
        store.get(session, g.caller.scope, run_id)
        done = interventions.interventions_of(session, run_id)
    return {"items": [vars(one) | {"by": one.actor.get("name", "")} for one in done]}


@blp.post("/<uuid:run_id>/interventions")
@requires("runs:write")
@blp.arguments(InterventionRequest)
@once(tables.db)
@described.with_errors(412)
@blp.response(200, RunDetail)
def intervene(session: Session, wish: dict[str, Any], run_id: UUID) -> Any:
    """Do something to a run.

    Which operations are possible now is said by `getRun`. To leave an effect standing that should be taken back
    (skip, resolve) takes two persons: the first request is a proposal.
    """
    known = wish | {"actor": g.caller.actor}
    return in_detail(session, interventions.intervene_within(session, g.caller.scope, run_id, **known))


@blp.post("/retry")
@requires("runs:write")
@blp.arguments(RetryRequest)
@once_for_all(tables.db)
@blp.response(200, RetryOutcomes)
def retry_runs(wish: dict[str, Any]) -> Any:
    """Try all those runs again that a filter finds and that have not ended.

    Each by itself: one that cannot be tried again is left as it is, and says why.
    """
    known = {name: wish.pop(name) for name in ("limit", "reason")} | {"actor": g.caller.actor}
    return {"items": [outcome_of(*one) for one in bulk.retry_all(g.caller.scope, wanted(wish), **known)]}


def outcome_of(run: Row, no: DomainError | None) -> dict[str, Any]:
    """What became of a run that was to be tried again."""
    why = {"code": no.code, "detail": str(no.detail)} if no else {"code": None, "detail": None}
    return {"run_id": run.id, "outcome": "left" if no else "retried", "rev": run.rev} | why


def wanted(wish: dict[str, Any]) -> console.Wanted:
    """The filter of a request."""
    statuses = tuple(wish.pop("status", ()))
    if "older_than" in wish:
        wish["older_than"] = timedelta(seconds=wish["older_than"])
    if "customer_id" in wish:
        wish["customer_ids"] = (wish.pop("customer_id"),)
    return console.Wanted(statuses=statuses, **wish)


def as_run(run: Row) -> dict[str, Any]:
    """A run as operators see it."""
    return vars(run) | {
        "status": console.status_of(run), "key": run.business_key, "started_by": run.actor.get("name", ""),
        "trace_id": run.traceparent.split("-")[1], "error": wrong(run.error),
    }  # fmt: skip


def in_detail(session: Session, run: Row) -> dict[str, Any]:
    """A run with its commands and what could be done about it."""
    commands = [
        vars(one) | {
            "error": wrong(one.error), "provider_ids": [{"name": name, "value": id} for name, id in one.provider_ids]
        } for one in console.commands_of(session, run.id)
    ]  # fmt: skip
    known = {"possible": list(interventions.possible(session, run)), "proposed": (run.proposed or {}).get("op")}
    return as_run(run) | known | {"commands": commands}


def wrong(error: dict[str, Any] | None) -> dict[str, str] | None:
    """What went wrong, without what it was filled in from."""
    return error and {"code": error["code"], "detail": error.get("detail") or ""}
