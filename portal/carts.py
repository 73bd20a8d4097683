"""The cart of an account: put together over days and by several people, priced anew each time, ordered at once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid5

from flask import Blueprint, flash, g, request
from flask_babel import gettext as _

from domains.kernel import clock
from domains.services import commands, db, queries
from saga.flows.place_order import ordering

from .access import requires
from .forms import Errors, chosen_id, maybe_day, optional_id, refusals_on, typed, whole
from .htmx import page, redirect
from .offers import accounts_of
from .ordering import wish
from .orders import form_page
from .starting import Start, promised, starts

bp = Blueprint("carts", __name__, url_prefix="/cart")
FIELDS = ("quantity", "po_reference", "cost_centre", "starts_on")


@bp.get("")
@requires("orders:read")
def index(errors: Errors | None = None) -> Any:
    """The cart of the account chosen, else of the first one that has something in it."""
    wrong, account_id = (errors or Errors()).only(*FIELDS), optional_id("account")
    with db.begin_read() as session:
        accounts = accounts_of(session)
        if account_id is None:
            account_id = queries.account_with_cart(session, g.caller.scope) or (accounts[0].id if accounts else None)
        cart = queries.cart_of_account(session, g.caller.scope, account_id) if account_id else None
    known: dict[str, Any] = {"accounts": accounts, "account_id": account_id, "errors": wrong}
    return page("carts/show.html", cart=cart, status=wrong.status, **known)


@bp.post("/add")
@requires("orders:write")
@refusals_on(form_page)
def add() -> Any:
    """Put what the order form asks for into the cart of its account; the same form sent twice adds once."""
    asked, line_id = wish(), chosen_id("line_id")
    first, *extras = asked["lines"]
    with db.begin() as session:
        whose = {"scope": g.caller.scope, "cart_id": None}
        whose["cart_id"] = commands.ensure_cart(session, scope=g.caller.scope, account_id=asked["account_id"])
        commands.add_line(session, **whose, line_id=line_id, **vars(first))
        for one in extras:
            known = vars(one) | {"base_line_id": line_id, "line_id": uuid5(line_id, str(one.offer_id))}
            commands.add_line(session, **whose, **known)
    flash(_("It is in the cart."), "done")
    return redirect(f"/cart?account={asked['account_id']}", full=True)


@bp.post("/refill")
@requires("orders:write")
def refill() -> Any:
    """Put the lines of an order that were refused into the cart, to be ordered again."""
    with db.begin() as session:
        cart_id = commands.refill(session, scope=g.caller.scope, order_id=chosen_id("order"))
    return back_to(cart_id)


def again(cart_id: UUID, errors: Errors, **_values: Any) -> Any:
    """The cart's page with what is wrong."""
    with db.begin_read() as session:
        cart = queries.get_cart(session, g.caller.scope, cart_id)
        accounts = accounts_of(session)
    known: dict[str, Any] = {"accounts": accounts, "account_id": cart.account_id, "errors": errors.only(*FIELDS)}
    return page("carts/show.html", cart=cart, status=errors.status, **known)


@bp.post("/<uuid:cart_id>")
@requires("orders:write")
@refusals_on(again)
def update(cart_id: UUID) -> Any:
    """Set what the whole order carries."""
    changes = {
        "po_reference": typed("po_reference", label=_("PO number")),
        "cost_centre": typed("cost_centre", label=_("Cost centre")), "starts_on": maybe_day("starts_on"),
    }  # fmt: skip
    with db.begin() as session:
        which: dict[str, Any] = {"scope": g.caller.scope, "cart_id": cart_id, "expected_version": seen()}
        commands.change_cart(session, **which, changes=changes)
    flash(_("Saved."), "done")
    return back_to(cart_id)


@bp.post("/<uuid:cart_id>/lines/<uuid:line_id>")
@requires("orders:write")
@refusals_on(again)
def change_line(cart_id: UUID, line_id: UUID) -> Any:
    """Change a line's quantity or plan, or take it out."""
    which: dict[str, Any] = {"scope": g.caller.scope, "cart_id": cart_id, "line_id": line_id}
    which["expected_version"] = seen()
    with db.begin() as session:
        if request.form.get("do") == "remove":
            commands.remove_line(session, **which)
        else:
            term, _dot, cycle = request.form.get("plan", "").partition(".")
            plan = {"term": term, "billing_cycle": cycle} if term and cycle else {}
            commands.change_line(session, **which, changes={"quantity": whole("quantity"), **plan})
    return back_to(cart_id)


@bp.post("/<uuid:cart_id>/empty")
@requires("orders:write")
def empty(cart_id: UUID) -> Any:
    """Take everything out."""
    with db.begin() as session:
        commands.empty_cart(session, scope=g.caller.scope, cart_id=cart_id)
    return back_to(cart_id)


@bp.post("/<uuid:cart_id>/check")
@requires("orders:write")
@refusals_on(again)
def check(cart_id: UUID) -> Any:
    """Sign the order of all that is in the cart and show it, to be sent."""
    return check_page(cart_id, errors=Errors())


@refusals_on(again)
def check_page(cart_id: UUID, errors: Errors) -> Any:
    """The promise; with errors, a new one in the place of one that no longer holds."""
    with db.begin() as session:
        now, cart = clock.now(session), queries.get_cart(session, g.caller.scope, cart_id)
        promise = commands.preview_cart(session, scope=g.caller.scope, cart_id=cart_id, role=g.caller.role)
    body = json.dumps({"preview_id": promise.id}, default=str)
    call = f"POST /api/v1/carts/{cart_id}/order\nIdempotency-Key: …\n\n{body}"
    known: dict[str, Any] = {"promise": promise, "terms": promise.terms, "now": now, "call": call, "cart": cart}
    return page("carts/check.html", status=errors.status, errors=errors, **known)


@bp.post("/<uuid:cart_id>/order")
@requires("orders:write")
@refusals_on(check_page)
@starts
def order(cart_id: UUID) -> Start:
    """Order what is in the cart at the promised prices, and go to its progress."""
    with db.begin_read() as session:
        terms = queries.cart_terms(session, g.caller.scope, cart_id, preview_id=promised())
        waits = queries.order_waits(session, g.caller.scope, terms, g.caller)
    return Start(*ordering(terms, g.caller, *waits))


def seen() -> int | None:
    """The version of the cart that a form was shown with; None where it does not say."""
    found = whole("version", otherwise=0)
    return found or None


def back_to(cart_id: UUID) -> Any:
    """The page of a cart."""
    with db.begin_read() as session:
        account_id = queries.get_cart(session, g.caller.scope, cart_id).account_id
    return redirect(f"/cart?account={account_id}", full=True)
