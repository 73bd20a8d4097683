"""Quotes: made of what is in the cart, put before those who may order, printed, accepted or declined."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel import clock
from domains.kernel.database import new_id
from domains.services import commands, db, queries
from saga.flows.place_order import ordering

from .access import requires
from .forms import Errors, chosen_id, optional_id, refusals_on, typed, whole
from .htmx import page, redirect
from .offers import accounts_of
from .starting import Start, starts

bp = Blueprint("quotes", __name__, url_prefix="/quotes")


@bp.get("")
@requires("orders:read")
def index() -> Any:
    """Quotes, newest first, by state and account."""
    asked: dict[str, Any] = {"state": request.args.get("state") or None, "account_id": optional_id("account")}
    with db.begin_read() as session:
        now, accounts = clock.now(session), accounts_of(session)
        cursor = request.args.get("cursor")
        found = queries.list_quotes(session, g.caller.scope, cursor=cursor, limit=25, **asked)
    known: dict[str, Any] = {"accounts": accounts, "states": queries.QUOTE_STATES, "now": now}
    return page("quotes/list.html", found=found, **known, **asked)


@bp.get("/new")
@requires("orders:write")
def new(errors: Errors | None = None) -> Any:
    """The form that makes a quote of a cart; without one, the cart itself."""
    if optional_id("cart") is None:
        return redirect("/cart")
    wrong = (errors or Errors()).only("valid_days", "note")
    with db.begin_read() as session:
        cart = queries.get_cart(session, g.caller.scope, chosen_id("cart"))
    quote_id = optional_id("quote_id") or new_id()
    return page("quotes/new.html", cart=cart, quote_id=quote_id, errors=wrong, status=wrong.status)


@bp.post("")
@requires("orders:write")
@refusals_on(new)
def create() -> Any:
    """Make a quote of what is in a cart; the same form sent twice makes one."""
    cart_id, quote_id = chosen_id("cart"), chosen_id("quote_id")
    known: dict[str, Any] = {"valid_days": whole("valid_days"), "note": typed("note", most=1000)}
    with db.begin() as session:
        cart = queries.get_cart(session, g.caller.scope, cart_id)
        known |= {name: getattr(cart, name) for name in ("account_id", "po_reference", "cost_centre", "starts_on")}
        known["lines"] = queries.cart_wishes(session, g.caller.scope, cart_id)
        commands.make_quote(session, caller=g.caller, quote_id=quote_id, **known)
    return redirect(f"/quotes/{quote_id}", full=True)


@bp.get("/<uuid:quote_id>")
@requires("orders:read")
def show(quote_id: UUID, errors: Errors | None = None) -> Any:
    """One quote as it is printed, and what can be done with it."""
    wrong = errors or Errors()
    with db.begin_read() as session:
        now, it = clock.now(session), queries.get_quote(session, g.caller.scope, quote_id)
    return page("quotes/show.html", it=it, terms=it.terms, now=now, errors=wrong, status=wrong.status)


@bp.post("/<uuid:quote_id>/send")
@requires("orders:write")
@refusals_on(show)
def send(quote_id: UUID) -> Any:
    """Put a quote before the customer's owners."""
    with db.begin() as session:
        commands.send_quote(session, caller=g.caller, quote_id=quote_id, version=whole("version"))
    flash(_("The owners were told."), "done")
    return redirect(f"/quotes/{quote_id}", full=True)


@bp.post("/<uuid:quote_id>/decline")
@requires("orders:write")
@refusals_on(show)
def decline(quote_id: UUID) -> Any:
    """Say no to a quote, or withdraw one's own."""
    reason = typed("reason", most=500)
    with db.begin() as session:
        commands.decline_quote(session, caller=g.caller, quote_id=quote_id, reason=reason, version=whole("version"))
    return redirect(f"/quotes/{quote_id}", full=True)


@bp.post("/<uuid:quote_id>/accept")
@requires("orders:write")
@refusals_on(show)
@starts
def accept(quote_id: UUID) -> Start:
    """Order by a quote, and go to the order's progress."""
    with db.begin_read() as session:
        terms = queries.quote_terms(session, g.caller.scope, quote_id)
        waits = queries.order_waits(session, g.caller.scope, terms, g.caller)
    return Start(*ordering(terms, g.caller, *waits))
