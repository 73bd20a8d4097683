"""Orders: choose, check the signed promise, send, and see what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request

from domains.accounts import db as accounts_db
from domains.accounts import queries as accounts
from domains.services import db
from domains.services.commands import preview_order
from domains.services.queries import LineWish, get_offer, get_order, list_orders, order_terms
from saga import store, tables
from saga.flows.place_order import place_order
from saga.payloads.order import PlaceOrder

from .access import requires
from .forms import chosen_id, optional_id, refusals_on, typed, whole
from .htmx import page
from .offers import CYCLES, TERMS, account_choices
from .operations import view_of
from .starting import form_token, start

bp = Blueprint("orders", __name__, url_prefix="/orders")


@bp.get("")
@requires("orders:read")
def index() -> Any:
    with db.begin_read() as session:
        found = list_orders(session, g.caller.scope, q=typed("q") or "", state=typed("state"),
                            cursor=request.args.get("cursor"), limit=25)  # fmt: skip
    return page("orders/list.html", "orders/_rows.html", orders=found.items, next_cursor=found.next_cursor)


@bp.get("/<uuid:order_id>")
@requires("orders:read")
def show(order_id: UUID) -> Any:
    with db.begin_read() as session:
        order = get_order(session, g.caller.scope, order_id)
    with tables.db.begin_read() as session:
        found = store.find_by_resource(session, g.caller.scope, order_id)
        run = view_of(session, found) if found else None
    return page("orders/show.html", order=order, run=run, terms=TERMS, cycles=CYCLES)


@bp.get("/new")
@requires("orders:write")
def new() -> Any:
    return form_page(errors={})


def form_page(errors: dict[str, str]) -> Any:
    """The order form for one offer."""
    account_id = None if "account" in errors else optional_id("account")
    choices = account_choices()
    with db.begin_read() as session:
        first = account_id or (UUID(choices[0][0]) if choices else None)
        offer = get_offer(session, g.caller.scope, chosen_id("offer"), account_id=first)
    return page("orders/new.html", offer=offer, accounts=choices, errors=errors, terms=TERMS, cycles=CYCLES)


def wish() -> dict[str, Any]:
    """What the form asks for."""
    term, _, cycle = (typed("plan") or "|").partition("|")
    line = LineWish(chosen_id("offer"), whole("quantity"), term or None, cycle or None, optional_id("parent"))
    rest = {"po_reference": typed("po_reference"), "cost_centre": typed("cost_centre")}
    return {"account_id": chosen_id("account"), "lines": [line], **rest}


@bp.post("/check")
@requires("orders:write")
@refusals_on(form_page)
def check() -> Any:
    with db.begin() as session:
        promise = preview_order(session, scope=g.caller.scope, **wish())
    with accounts_db.begin_read() as session:
        spend = accounts.spend_left(session, g.caller.scope, promise.terms.account_id)
    known = {"form_token": form_token(), "terms_words": TERMS, "cycles": CYCLES, "spend": spend}
    return page("orders/check.html", promise=promise, order=promise.terms, **known)


@bp.post("")
@requires("orders:write")
@refusals_on(form_page)
def place() -> Any:
    with db.begin_read() as session:
        terms = order_terms(session, g.caller.scope, **wish(), preview_id=optional_id("preview"))
    return start(place_order, PlaceOrder.of(terms, g.caller))
