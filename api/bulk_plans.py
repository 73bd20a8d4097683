"""Make many changes as one plan: checked and priced together, applied row by row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from sqlalchemy.orm import Session

from domains.kernel import spreadsheet
from domains.kernel.database import new_id
from domains.services import commands, db, queries
from saga import signals
from saga.flows.apply_bulk_plan import applying
from saga.payloads.people import person_of

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .etags import if_match
from .idempotency import once, once_for_all
from .schemas import listing
from .schemas.bulk_plans import (
    ApplyBulkPlanRequest,
    BulkPlan,
    BulkPlanList,
    BulkPlanRequest,
    BulkRowList,
    BulkRowQuery,
    Paged,
)
from .starting import Start, starts

blp = Blueprint("bulk_plans", __name__, url_prefix="/bulk-plans", description=__doc__)


@blp.get("")
@requires("subscriptions:read")
@blp.query(Paged)
@blp.response(200, BulkPlanList)
def list_bulk_plans(wish: dict[str, Any]) -> Any:
    """List bulk plans, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_plans(session, g.caller.scope, **wish))


@blp.post("")
@requires("subscriptions:write")
@blp.arguments(BulkPlanRequest)
@once_for_all(db)
@blp.response(201, BulkPlan)
def create_bulk_plan(wish: dict[str, Any]) -> Any:
    """Check and price many changes together; nothing is changed yet.

    Each row is checked by itself: one that cannot be made says why and holds up no other. The prices hold for an hour.
    """
    rows = queries.read_csv(wish["csv"]) if "csv" in wish else [queries.RowWish(**row) for row in wish["rows"]]
    with db.begin_read() as session:
        priced = queries.price_rows(session, g.caller.scope, rows)
    known: dict[str, Any] = {"customer_id": customer_meant({}), "reseller_id": g.caller.reseller_id}
    with db.begin() as session:
        plan = commands.keep_plan(
            session, plan_id=new_id(), rows=priced, made_by=commands.Person(**vars(person_of(g.caller))), **known
        )
    return plan_of(plan.id)


def plan_of(plan_id: UUID) -> Any:
    """A plan as the caller sees it now."""
    with db.begin_read() as session:
        return queries.get_plan(session, g.caller.scope, plan_id)


@blp.get("/<uuid:plan_id>")
@requires("subscriptions:read")
@blp.response(200, BulkPlan, etag="body")
def get_bulk_plan(plan_id: UUID) -> Any:
    """Get a bulk plan: what it costs, and how far it is."""
    return plan_of(plan_id)


@blp.get("/<uuid:plan_id>/rows")
@requires("subscriptions:read")
@blp.query(BulkRowQuery)
@blp.response(200, BulkRowList)
def list_bulk_plan_rows(wish: dict[str, Any], plan_id: UUID) -> Any:
    """List the rows of a bulk plan, in the order in which they were sent."""
    with db.begin_read() as session:
        return listing(queries.list_rows(session, g.caller.scope, plan_id, **wish))


@blp.get("/<uuid:plan_id>/csv")
@requires("subscriptions:read")
@blp.response(200, {"type": "string"}, content_type="text/csv")
def download_bulk_plan_csv(plan_id: UUID) -> Response:
    """Download the rows of a bulk plan, with what became of them, as CSV.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    with db.begin_read() as session:
        plan = queries.find_plan(session, g.caller.scope, plan_id)
        content = spreadsheet.as_csv(queries.FILE_COLUMNS, queries.file_rows(session, g.caller.scope, plan_id))
    headers = {
        "Content-Disposition": f'attachment; filename="{plan.number}.csv"', "Cache-Control": "private, no-store",
    }  # fmt: skip
    return Response(content, content_type="text/csv; charset=utf-8", headers=headers)


@blp.post("/<uuid:plan_id>/apply")
@requires("subscriptions:write")
@blp.arguments(ApplyBulkPlanRequest)
@starts
def apply_bulk_plan(wish: dict[str, Any], plan_id: UUID) -> Start:
    """Apply a bulk plan exactly as it was shown.

    Each row is a change with an operation of its own; one that fails stops no other. A subscription that has changed
    since the plan was made is left as it is: its row says `conflict`. A plan that commits to more than you may by
    yourself waits for one `approval` of all its rows.
    """
    with db.begin_read() as session:
        plan = queries.find_plan(session, g.caller.scope, plan_id)
        commands.check_plan(session, plan, wish["digest"])
        terms = queries.plan_terms(session, g.caller.scope, plan.id)
        approval = queries.plan_approval(session, g.caller.scope, terms, plan.id, g.caller)
    return Start(*applying(plan, wish["digest"], g.caller, approval))


@blp.post("/<uuid:plan_id>/cancel")
@requires("subscriptions:write")
@once(db)
@if_match(required=False)
@blp.response(200, BulkPlan)
def cancel_bulk_plan(session: Session, plan_id: UUID, expected_version: int | None) -> Any:
    """Cancel a bulk plan, or what is left of it: rows that were not begun are not made, those at work go on."""
    known: dict[str, Any] = {"plan_id": plan_id, "expected_version": expected_version}
    signals.signal_after(session, commands.cancel_plan(session, scope=g.caller.scope, **known).run_id)
    return queries.get_plan(session, g.caller.scope, plan_id)
