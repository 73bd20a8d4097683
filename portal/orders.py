"""Orders: choose, check the signed promise, send, and see what became of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request

from domains.kernel import clock
from domains.kernel.errors import NotFound
from domains.services import commands, db, queries
from saga import store, tables
from saga.flows.place_order import ordering

from . import search
from .access import requires
from .forms import Errors, optional_id, refusals_on, searched
from .htmx import page, redirect
from .offers import accounts_of
from .ordering import as_call, form_context, said_to_questions, wish
from .starting import Start, promised, starts

bp = Blueprint("orders", __name__, url_prefix="/orders")
STATES = (
    "awaiting_approval",
    "scheduled",
    "placed",
    "at_provider",
    "completed",
    "partially_completed",
    "rejected",
    "canceled",
    "failed",
)


@bp.get("")
@requires("orders:read")
def index() -> Any:
    """Orders, newest first, by state, account and words."""
    asked: dict[str, Any] = {
        "state": request.args.get("state") or None,
        "account_id": optional_id("account"),
        "q": searched(),
    }
    with db.begin_read() as session:
        accounts = accounts_of(session)
        found = queries.list_orders(session, g.caller.scope, cursor=request.args.get("cursor"), limit=25, **asked)
    return page("orders/list.html", found=found, accounts=accounts, states=STATES, **asked)


@bp.get("/<uuid:order_id>")
@requires("orders:read")
def show(order_id: UUID) -> Any:
    """One order; in its first moments, before it is written down, the page of its run."""
    order, run = order_and_run(order_id)
    if order is None:
        return redirect(f"/operations/{run.id}")
    with db.begin_read() as session:
        approval = (
            queries.approval_for(session, g.caller.scope, order_id, g.caller)
            if order.state == "awaiting_approval"
            else None
        )
    return page("orders/show.html", order=order, run=run, approval=approval)


def order_and_run(order_id: UUID) -> tuple[Any, Any]:
    """An order (None while it is not written down yet) and its run. NotFound when there is neither."""
    with tables.db.begin_read() as session:
        run = store.find_by_resource(session, g.caller.scope, order_id)
    try:
        with db.begin_read() as session:
            g.now = clock.business_now(session)
            return queries.get_order(session, g.caller.paying, order_id), run
    except NotFound:
        if run is None or run.resource_kind != "order":
            raise
        return None, run


@bp.get("/new")
@requires("orders:write")
def new() -> Any:
    """The form for an order of one offer; htmx gets what it would cost."""
    return form_page(Errors()) if request.args.get("offer") else redirect("/offers")


def form_page(errors: Errors) -> Any:
    """The order form, with what is typed so far and what it would cost."""
    known = form_context(errors)
    return page("orders/new.html", "orders/_priced.html", status=errors.status, **known)


@bp.post("/check")
@requires("orders:write")
@refusals_on(form_page)
def check() -> Any:
    """Sign what the form asks for and show it, to be sent."""
    return check_page(errors=Errors())


@refusals_on(lambda errors, **_values: form_page(errors))
def check_page(errors: Errors) -> Any:
    """The promise; with errors, a new one in the place of one that no longer holds."""
    asked = wish()
    with db.begin() as session:
        now = clock.now(session)
        promise = commands.preview_order(session, scope=g.caller.paying, role=g.caller.role, **asked)
        said = said_to_questions(session)
    known: dict[str, Any] = {"promise": promise, "terms": promise.terms, "now": now, "call": as_call(promise.id)}
    known["said"] = said
    return page("orders/check.html", status=errors.status, errors=errors, **known)


@bp.post("")
@requires("orders:write")
@refusals_on(check_page)
@starts
def place() -> Start:
    """Place the order at the promised prices, and go to its progress."""
    asked = wish()
    with db.begin_read() as session:
        terms = queries.order_terms(session, g.caller.scope, **asked, preview_id=promised())
        waits = queries.order_waits(session, g.caller.scope, terms, g.caller)
    return Start(*ordering(terms, g.caller, *waits))


@bp.get("/_found")
@requires("orders:read")
def hits() -> Any:
    """What a search finds here, for the page of another process."""
    return search.part("/orders")
