"""A reseller's own prices for its end-customers. For the reseller alone: it never tells what the reseller pays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.services import commands, db, queries

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match
from .idempotency import once
from .schemas.resale import ResalePrices, ResalePricesList, ResalePricesRequest

blp = Blueprint("resale_prices", __name__, url_prefix="/resale-prices", description=__doc__)


@blp.get("")
@requires("customers:read")
@blp.response(200, ResalePricesList)
def list_resale_prices() -> Any:
    """List what your end-customers pay over your own price: all of them first, then single ones."""
    with db.begin_read() as session:
        return {"items": queries.list_resale_prices(session, g.caller.scope)}


@blp.get("/<uuid:customer_id>")
@requires("customers:read")
@blp.response(200, ResalePrices, etag=True)
def get_resale_prices(customer_id: UUID) -> Any:
    """Get what an end-customer pays over your own price; by your own id, what all of them pay."""
    with db.begin_read() as session:
        return queries.get_resale_prices(session, g.caller.scope, customer_id)


@blp.get("/<uuid:customer_id>/versions")
@requires("customers:read")
@blp.response(200, ResalePricesList)
def list_resale_price_versions(customer_id: UUID) -> Any:
    """List how these prices were, newest first, at most 50."""
    with db.begin_read() as session:
        return {"items": queries.resale_versions(session, g.caller.scope, customer_id)}


@blp.put("/<uuid:customer_id>")
@requires("customers:write")
@blp.arguments(ResalePricesRequest)
@once(db, key_required=False)
@if_match()
@blp.response(200, ResalePrices, etag=True)
def set_resale_prices(session: Session, wish: dict[str, Any], customer_id: UUID, expected_version: int | None) -> Any:
    """Set what an end-customer pays over your own price, or (by your own id) what all of them pay."""
    queries.check_end_customer(session, g.caller.scope, customer_id)
    known: dict[str, Any] = {"customer_id": customer_id, "expected_version": expected_version}
    commands.set_resale_prices(session, reseller_id=queries.check_reseller(g.caller.scope), **known, **wish)
    return queries.get_resale_prices(session, g.caller.scope, customer_id)
