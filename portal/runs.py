"""The runs of all sagas, for operators: found, understood, and helped where one needs a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, current_app, flash, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from domains.customers import db as customers_db
from domains.customers import queries as customers
from domains.kernel import clock
from domains.kernel.errors import DomainError, Invalid
from saga import bulk, console, interventions, store, tables
from saga.console import OVERDUE, Wanted
from saga.definition import known

from . import anatomy
from .access import requires
from .customers import names_of
from .formats import translated
from .forms import Errors, refusals_on, typed, whole
from .htmx import page, redirect
from .outputs import outputs_typed

bp = Blueprint("runs", __name__, url_prefix="/runs")
AGES = {60: _l("Over a minute"), 3600: _l("Over an hour"), 86_400: _l("Over a day"), 604_800: _l("Over a week")}
ANY, OPEN, LATE = "", "open", "overdue"  # what the filter offers besides single states
ROWS, SHOWN, MOST_AT_ONCE, MOST_NAMES = 25, 30, 100, 50


@bp.get("")
@requires("runs:read")
def index(errors: Errors | None = None) -> Any:
    """The runs that a filter finds, and how many there are of each state."""
    with tables.db.begin_read() as session:
        g.now = clock.now(session)
        counts = console.count_runs(session, g.caller.scope)
        found = console.list_runs(session, g.caller.scope, wanted(), cursor=request.args.get("cursor"), limit=ROWS)
        runs = anatomy.in_short(session, found.items)
    facts: dict[str, Any] = {"names": names(runs), "next_cursor": found.next_cursor, "errors": errors or Errors()}
    return page("runs/list.html", runs=runs, counts=counts, **facts, **choices(), status=facts["errors"].status)


@bp.get("/_attention")
@requires("runs:read")
def attention() -> Any:
    """Those that need a person, for the home page."""
    with tables.db.begin_read() as session:
        counts = console.count_runs(session, g.caller.scope)
        found = console.list_runs(session, g.caller.scope, Wanted(statuses=("needs_attention",)), limit=4)
        runs = anatomy.in_short(session, found.items)
    return page("runs/attention.html", "runs/_attention.html", runs=runs, counts=counts, names=names(runs))


@bp.get("/<uuid:run_id>")
@requires("runs:read")
def show(run_id: UUID, errors: Errors | None = None) -> Any:
    """One run: its steps, what can be done, and what has happened."""
    wrong = errors or Errors()
    with tables.db.begin_read() as session:
        g.now = clock.now(session)
        it = anatomy.told(session, store.get(session, g.caller.scope, run_id))
        events = console.list_events(session, run_id, cursor=request.args.get("cursor"), limit=SHOWN)
    history = [anatomy.in_words(event) for event in events.items]
    facts: dict[str, Any] = {"names": names_of([it["customer_id"]]), "next_cursor": events.next_cursor, "errors": wrong}
    return page("runs/show.html", it=it, history=history, status=wrong.status, **facts, **WORDS)


@bp.get("/<uuid:run_id>/steps")
@requires("runs:read")
def steps(run_id: UUID) -> Any:
    """The steps as they stand now; the part asks again by itself while the run moves."""
    with tables.db.begin_read() as session:
        g.now = clock.now(session)
        it = anatomy.told(session, store.get(session, g.caller.scope, run_id))
    return page("runs/steps.html", "runs/_steps.html", it=it, swapped=True)


@bp.get("/<uuid:run_id>/<any(cancel, compensate, skip, resolve):op>")
@requires("runs:write")
def ask(run_id: UUID, op: str, errors: Errors | None = None) -> Any:
    """Asks once more before what cannot be taken back, with what it means."""
    wrong = errors or Errors()
    with tables.db.begin_read() as session:
        it = anatomy.told(session, store.get(session, g.caller.scope, run_id))
    if op not in it["possible"]:
        return show(run_id)
    return page("runs/ask.html", it=it, op=op, errors=wrong, status=wrong.status, **WORDS)


def again(run_id: UUID, errors: Errors) -> Any:
    """Where somebody who was refused reads why: the form with its mistake, or the run as it has become."""
    op = request.form.get("op", "")
    return show(run_id, errors) if errors.status == 409 or op in anatomy.SMALL else ask(run_id, op, errors)


@bp.post("/<uuid:run_id>/interventions")
@requires("runs:write")
@refusals_on(again)
def intervene(run_id: UUID) -> Any:
    """Do something to a run as it was seen, and say why."""
    op = request.form.get("op", "")
    if op not in anatomy.OPS:
        abort(400)
    asked: dict[str, Any] = {"expected_rev": whole("expected_rev"), "actor": g.caller.actor}
    asked["outputs"] = outputs_typed() if op == "skip" else None
    run = interventions.intervene(g.caller.scope, run_id, op, reason=reason(), **asked)
    flash(_("Another person must confirm this.") if run.proposed else str(anatomy.DONE[op]), "done")
    return redirect(f"/runs/{run_id}", full=True)


def reason() -> str:
    """Why somebody steps in."""
    return typed("reason", most=interventions.LONGEST_REASON, label=_("The reason")) or ""


@bp.post("/retry")
@requires("runs:write")
@refusals_on(index)
def retry_many() -> Any:
    """Try those again that a filter finds, the newest first, at most so many."""
    limit, why = whole("limit", otherwise=ROWS), reason()
    if not 1 <= limit <= MOST_AT_ONCE:
        raise Invalid(_("Take 1 to %(most)s at once.", most=MOST_AT_ONCE), code="limit_invalid", field="limit")
    outcomes = bulk.retry_all(g.caller.scope, wanted(), limit=limit, reason=why, actor=g.caller.actor)
    done = [{"run": run, "label": run.label or anatomy.kind(run), "no": said(no)} for run, no in outcomes]
    return page("runs/retried.html", outcomes=done, count=sum(not one["no"] for one in done))


def said(no: DomainError | None) -> str:
    """Why a run was not tried again, if it was not."""
    return translated(no.detail) if no else ""


# ---- the filter


def wanted() -> Wanted:
    """Which runs the filter of this page means. Without one: those that have not ended."""
    chosen = request.values.get("status", OPEN)
    find, about = typed("q", most=100), None
    with_id = as_id(find)
    ages = {str(age): age for age in AGES}
    older = ages.get(request.values.get("age", ""))
    facts: dict[str, Any] = {"about": with_id, "key": find if find and with_id is None else about}
    if older:
        facts["older_than"] = timedelta(seconds=older)
    if chosen == LATE:
        facts["overdue_by"] = OVERDUE
    statuses = {OPEN: console.OPEN, LATE: console.OPEN}.get(chosen) or ((chosen,) if chosen in console.STATUSES else ())
    return Wanted(
        statuses=statuses, definition=typed("flow", most=60), customer_ids=customers_called(typed("customer")), **facts
    )


def as_id(text: str | None) -> UUID | None:
    """An id that somebody has typed, if it is one."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def customers_called(text: str | None) -> tuple[UUID, ...] | None:
    """The customers that somebody means by an id or a part of a name; None for all."""
    if text is None:
        return None
    found = as_id(text)
    if found is not None or "customers" not in current_app.config["SETTINGS"].domain_names:
        return (found,) if found else ()
    with customers_db.begin_read() as session:
        named = customers.list_customers(session, g.caller.scope, q=text, limit=MOST_NAMES).items
    return tuple(one.id for one in named)


def choices() -> dict[str, Any]:
    """What the filter offers, and what of it is chosen."""
    flows = sorted({name for name, _version in known()})
    return {
        "flows": [(name, str(anatomy.KINDS.get(name, name))) for name in flows], "ages": list(AGES.items()),
        "statuses": console.STATUSES, "chosen": request.values.get("status", OPEN), "most": MOST_AT_ONCE,
        "filtered": any(request.values.get(name) for name in ("q", "flow", "age", "customer", "cursor")),
    }  # fmt: skip


def names(runs: Iterable[dict[str, Any]]) -> dict[UUID, str]:
    """Whose these runs are."""
    return names_of(run["customer_id"] for run in runs)


WORDS: dict[str, Any] = {"ops": anatomy.OPS, "means": anatomy.MEANS, "small": anatomy.SMALL}
