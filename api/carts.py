"""Put together what an account needs, have it priced and checked at any time, and order it at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.services import commands, db, queries
from saga.flows.place_order import ordering

from . import described
from .auth import requires
from .blueprint import Blueprint
from .etags import if_match, same_version
from .idempotency import once
from .schemas import listing
from .schemas.carts import (
    Cart,
    CartLinePatch,
    CartLineRequest,
    CartList,
    CartOrderRequest,
    CartPatch,
    CartQuery,
    CartRefillRequest,
    CartRequest,
)
from .schemas.orders import OrderPreview
from .starting import Start, starts

blp = Blueprint("carts", __name__, url_prefix="/carts", description=__doc__)
LINE = "/<uuid:cart_id>/lines/<uuid:line_id>"


@blp.get("")
@requires("orders:read")
@blp.query(CartQuery)
@blp.response(200, CartList)
def list_carts(wish: dict[str, Any]) -> Any:
    """List carts, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_carts(session, g.caller.scope, **wish))


@blp.post("")
@requires("orders:write")
@blp.arguments(CartRequest)
@once(db)
@blp.response(200, Cart)
def open_cart(session: Session, wish: dict[str, Any]) -> Any:
    """Open the cart of an account: the one that is there, or a new one."""
    return _cart(session, commands.ensure_cart(session, scope=g.caller.scope, **wish))


@blp.post("/refill")
@requires("orders:write")
@blp.arguments(CartRefillRequest)
@once(db)
@blp.response(200, Cart)
def refill_cart(session: Session, wish: dict[str, Any]) -> Any:
    """Put the refused lines of an order into the cart of its account, to be ordered again."""
    return _cart(session, commands.refill(session, scope=g.caller.scope, **wish))


@blp.get("/<uuid:cart_id>")
@requires("orders:read")
@blp.response(200, Cart, etag="body")
def get_cart(cart_id: UUID) -> Any:
    """Get a cart, each line priced and checked anew. What an order has taken up is gone from it."""
    with db.begin_read() as session:
        return _cart(session, cart_id)


@blp.patch("/<uuid:cart_id>")
@requires("orders:write")
@blp.arguments(CartPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, Cart, etag="body")
def update_cart(session: Session, changes: dict[str, Any], cart_id: UUID, expected_version: int | None) -> Any:
    """Set PO reference, cost centre or the day to start on."""
    known: dict[str, Any] = {"cart_id": cart_id, "expected_version": expected_version}
    commands.change_cart(session, scope=g.caller.scope, changes=changes, **known)
    return _cart(session, cart_id)


@blp.post("/<uuid:cart_id>/lines")
@requires("orders:write")
@blp.arguments(CartLineRequest)
@once(db)
@blp.response(201, Cart)
def add_cart_line(session: Session, wish: dict[str, Any], cart_id: UUID) -> Any:
    """Put an offer into a cart."""
    commands.add_line(session, scope=g.caller.scope, cart_id=cart_id, **wish)
    return _cart(session, cart_id)


@blp.patch(LINE)
@requires("orders:write")
@blp.arguments(CartLinePatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, Cart, etag="body")
def update_cart_line(
    session: Session, changes: dict[str, Any], cart_id: UUID, line_id: UUID, expected_version: int | None
) -> Any:
    """Change a line. `If-Match` names the cart's version."""
    which: dict[str, Any] = {"cart_id": cart_id, "line_id": line_id, "expected_version": expected_version}
    commands.change_line(session, scope=g.caller.scope, changes=changes, **which)
    return _cart(session, cart_id)


@blp.delete(LINE)
@requires("orders:write")
@once(db, key_required=False)
@if_match()
@blp.response(200, Cart, etag="body")
def remove_cart_line(session: Session, cart_id: UUID, line_id: UUID, expected_version: int | None) -> Any:
    """Take a line out, with its add-ons. `If-Match` names the cart's version."""
    which: dict[str, Any] = {"cart_id": cart_id, "line_id": line_id, "expected_version": expected_version}
    commands.remove_line(session, scope=g.caller.scope, **which)
    return _cart(session, cart_id)


@blp.post("/<uuid:cart_id>/empty")
@requires("orders:write")
@once(db)
@if_match(required=False)
@blp.response(200, Cart)
def empty_cart(session: Session, cart_id: UUID, expected_version: int | None) -> Any:
    """Take everything out."""
    commands.empty_cart(session, scope=g.caller.scope, cart_id=cart_id, expected_version=expected_version)
    return _cart(session, cart_id)


@blp.post("/<uuid:cart_id>/preview")
@requires("orders:write")
@described.with_errors(422)
@blp.response(200, OrderPreview)
def preview_cart(cart_id: UUID) -> Any:
    """Preview the order of everything in the cart, as a promise that holds for half an hour."""
    with db.begin() as session:
        return commands.preview_cart(session, scope=g.caller.scope, cart_id=cart_id, role=g.caller.role)


@blp.post("/<uuid:cart_id>/order")
@requires("orders:write")
@blp.arguments(CartOrderRequest)
@starts
@if_match(required=False)
def order_cart(wish: dict[str, Any], cart_id: UUID, expected_version: int | None) -> Start:
    """Order what is in the cart as its preview promised. Should it come to nothing, the lines are in the cart again."""
    with db.begin_read() as session:
        same_version(expected_version, _cart(session, cart_id).version)
        terms = queries.cart_terms(session, g.caller.scope, cart_id, **wish)
        waits = queries.order_waits(session, g.caller.scope, terms, g.caller)
    return Start(*ordering(terms, g.caller, *waits))


def _cart(session: Session, cart_id: UUID) -> Any:
    return queries.get_cart(session, g.caller.scope, cart_id)
