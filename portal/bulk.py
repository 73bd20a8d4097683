"""Bulk changes: a list is pasted or uploaded, shown with its prices row by row, applied, and followed to its end."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.kernel import clock, spreadsheet
from domains.kernel.database import new_id
from domains.kernel.errors import Invalid
from domains.kernel.money import Money
from domains.services import commands, db, queries
from saga import signals
from saga.flows.apply_bulk_plan import applying
from saga.payloads.people import person_of

from . import formats
from .access import requires
from .forms import Errors, optional_id, refusals_on, whole
from .htmx import page, redirect
from .starting import Start, starts

bp = Blueprint("bulk", __name__, url_prefix="/bulk-plans")
LARGEST = 500_000  # bytes of a file
ROW_STATES = ("ready", "invalid", "applying", "done", "refused", "conflict", "canceled")
ACTIONS = {"change_quantity": _l("Change the quantity"), "cancel": _l("Cancel"), "extend": _l("Extend")}
ENDS = {"now": _l("End it now"), "end_of_term": _l("Let it end with its term")}
EXAMPLE = (("SUB-2026-000123", "change_quantity", 25), ("SUB-2026-000124", "cancel", "end_of_term"),
           ("SUB-2026-000125", "extend", "2027-12-31"))  # fmt: skip


@bp.get("")
@requires("subscriptions:read")
def index() -> Any:
    """All plans, the newest first."""
    with db.begin_read() as session:
        found = queries.list_plans(session, g.caller.scope, cursor=request.args.get("cursor"), limit=25)
    return page("bulk/list.html", found=found)


@bp.get("/new")
@requires("subscriptions:write")
def new(errors: Errors | None = None) -> Any:
    """The form for a new plan."""
    wrong = errors or Errors()
    plan_id = request.form.get("plan_id") or new_id()
    told = wrong.only("csv", rows="csv", file="csv")
    return page("bulk/new.html", errors=told, status=wrong.status, plan_id=plan_id, example=example())


def example() -> str:
    """What a file looks like."""
    return spreadsheet.as_csv(queries.COLUMNS, EXAMPLE).replace("\r\n", "\n")


@bp.get("/template.csv")
@requires("subscriptions:read")
def template() -> Any:
    """A file to fill in."""
    return as_file("bulk-changes.csv", spreadsheet.as_csv(queries.COLUMNS, EXAMPLE))


def as_file(name: str, content: str) -> Response:
    """A table to be saved."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, content_type="text/csv; charset=utf-8", headers=headers)


@bp.post("")
@requires("subscriptions:write")
@refusals_on(new)
def create() -> Any:
    """Check and price what was pasted or uploaded; the same form sent twice makes one plan."""
    rows = queries.read_csv(given())
    with db.begin_read() as session:
        priced = queries.price_rows(session, g.caller.scope, rows)
    plan_id = optional_id("plan_id") or new_id()
    known: dict[str, Any] = {"customer_id": customer_here(), "reseller_id": g.caller.reseller_id}
    with db.begin() as session:
        commands.keep_plan(
            session, plan_id=plan_id, rows=priced, made_by=commands.Person(**vars(person_of(g.caller))), **known
        )
    return redirect(f"/bulk-plans/{plan_id}", full=True)


def customer_here() -> UUID:
    """The customer the reader belongs to or acts for. Refused for staff who act for nobody."""
    if g.caller.customer_id is None:
        raise Invalid(_("Act for a customer first."), code="customer_missing")
    found: UUID = g.caller.customer_id
    return found


def given() -> str:
    """The text of the file, or what was pasted. Refuses a file that is too large, or is no text in UTF-8."""
    file = request.files.get("file")
    content = file.stream.read(LARGEST + 1) if file is not None and file.filename else b""
    if len(content) > LARGEST:
        raise Invalid(_("The file is too large."), code="file_too_large", field="file")
    try:
        return content.decode("utf-8-sig") or request.form.get("csv", "")
    except UnicodeDecodeError:
        raise Invalid(
            _("The file is no text in UTF-8. Save it as CSV in UTF-8."), code="file_invalid", field="file"
        ) from None


@bp.get("/<uuid:plan_id>")
@requires("subscriptions:read")
def show(plan_id: UUID, errors: Errors | None = None) -> Any:
    """One plan: what it costs in sum and row by row, how far it is, and what became of each."""
    wrong, state = errors or Errors(), request.args.get("state")
    with db.begin_read() as session:
        g.now = clock.now(session)
        it = queries.get_plan(session, g.caller.scope, plan_id)
        found = queries.list_rows(session, g.caller.scope, plan_id, cursor=request.args.get("cursor"),
                                  state=state if state in ROW_STATES else None)  # fmt: skip
        why = queries.why_ask_for(session, g.caller.scope, it.plan, g.caller.role)
    known: dict[str, Any] = {"totals": [totals(one) for one in it.plan.totals], "call": as_call(it.plan)}
    known |= {"actions": ACTIONS, "said": said, "states": ROW_STATES, "state": state, "errors": wrong, "now": g.now}
    known["why"] = why
    return page("bulk/show.html", "bulk/_progress.html", status=wrong.status, it=it, plan=it.plan, found=found, **known)


def said(row: Any) -> str:
    """What a row changes, in words: “10 → 14”, “End it now”; what nobody can read stands as it was sent."""
    if row.action == "cancel":
        return str(ENDS.get(row.value, row.value))
    return " → ".join(as_day(one) if row.action == "extend" else one for one in (row.before, row.value) if one)


def as_day(value: str) -> str:
    """A day as the reader writes days, as far as it is one."""
    try:
        return formats.day(date.fromisoformat(value))
    except ValueError:
        return value


def totals(kept: dict[str, Any]) -> dict[str, Money]:
    """The sums of one currency."""
    sums = {name: value for name, value in kept.items() if name != "currency"}
    return {name: Money(Decimal(value["amount"]), value["currency"]) for name, value in sums.items()}


def as_call(plan: Any) -> str:
    """The same plan for a program."""
    return f"POST /api/v1/bulk-plans/{plan.id}/apply\nIdempotency-Key: …\n\n{json.dumps({'digest': plan.signature})}"


@bp.post("/<uuid:plan_id>/apply")
@requires("subscriptions:write")
@refusals_on(show)
@starts
def apply(plan_id: UUID) -> Start:
    """Apply a plan exactly as it was shown."""
    digest = request.form.get("digest", "")[:64]
    with db.begin_read() as session:
        plan = queries.find_plan(session, g.caller.scope, plan_id)
        commands.check_plan(session, plan, digest)
        terms = queries.plan_terms(session, g.caller.scope, plan.id)
        approval = queries.plan_approval(session, g.caller.scope, terms, plan.id, g.caller)
    return Start(*applying(plan, digest, g.caller, approval))


@bp.post("/<uuid:plan_id>/cancel")
@requires("subscriptions:write")
@refusals_on(show)
def cancel(plan_id: UUID) -> Any:
    """Cancel a plan, or what is left of it."""
    seen = whole("version")
    with db.begin() as session:
        found = commands.cancel_plan(session, scope=g.caller.scope, plan_id=plan_id, expected_version=seen)
        signals.signal_after(session, found.run_id)
    return redirect(f"/bulk-plans/{plan_id}")


@bp.get("/<uuid:plan_id>/csv")
@requires("subscriptions:read")
def download(plan_id: UUID) -> Any:
    """The rows with what became of them, as a file."""
    with db.begin_read() as session:
        plan = queries.find_plan(session, g.caller.scope, plan_id)
        rows = queries.file_rows(session, g.caller.scope, plan_id)
    return as_file(f"{plan.number}.csv", spreadsheet.as_csv(queries.FILE_COLUMNS, rows))
