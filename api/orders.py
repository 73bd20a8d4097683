"""Preview and place orders, and see what became of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.services import commands, db, queries
from saga.flows.place_order import ordering

from .auth import requires
from .blueprint import Blueprint
from .placing import order_or_its_run
from .schemas import listing
from .schemas.orders import Order, OrderList, OrderPreview, OrderQuery, OrderRequest, PreviewOrderRequest
from .starting import Start, starts

blp = Blueprint("orders", __name__, url_prefix="/orders", description=__doc__)


@blp.post("/preview")
@requires("orders:write")
@blp.arguments(PreviewOrderRequest)
@blp.response(200, OrderPreview)
def preview_order(wish: dict[str, Any]) -> Any:
    """Preview an order.

    The answer is a promise that holds for half an hour: order with its id, and exactly this is charged.
    """
    with db.begin() as session:
        return commands.preview_order(session, scope=g.caller.scope, role=g.caller.role, **wish)


@blp.post("")
@requires("orders:write")
@blp.arguments(OrderRequest)
@starts
def place_order(wish: dict[str, Any]) -> Start:
    """Place an order.

    The order can be read at once under the operation's `resource_id`. It may succeed in part: each line says whether
    the provider accepted it. Above your approval limit, or with a later `starts_on`, the operation is `not_started` and
    waits for `approval` or `start_date`; cancel it until then.
    """
    with db.begin_read() as session:
        terms = queries.order_terms(session, g.caller.scope, **wish)
        waits = queries.order_waits(session, g.caller.scope, terms, g.caller)
    return Start(*ordering(terms, g.caller, *waits))


@blp.get("")
@requires("orders:read")
@blp.query(OrderQuery)
@blp.response(200, OrderList)
def list_orders(wish: dict[str, Any]) -> Any:
    """List orders, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_orders(session, g.caller.scope, **wish))


@blp.get("/<uuid:order_id>")
@requires("orders:read")
@blp.response(200, Order, etag=True)
def get_order(order_id: UUID) -> Any:
    """Get an order."""
    return order_or_its_run(g.caller.scope, order_id)
