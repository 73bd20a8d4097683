"""Search what can be bought, at your prices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.services import db, queries

from .auth import requires
from .blueprint import Blueprint
from .schemas.offers import Offer, OfferFor, OfferList, OfferQuery
from .schemas.prices import PriceExplanation, PriceQuery

KEPT = 5  # seconds that a gateway may keep a page of the catalogue, for callers of one tenant; clients never see this
blp = Blueprint("offers", __name__, url_prefix="/offers", description=__doc__)


@blp.get("")
@requires("offers:read")
@blp.query(OfferQuery)
@blp.kept(OfferList, db, "catalogue", "prices", "accounts", gateway=KEPT)
def list_offers(wish: dict[str, Any]) -> Any:
    """Search the catalogue."""
    with db.begin_read() as session:
        page = queries.search_offers(session, g.caller.scope, **wish)
    return {**vars(page), "has_more": page.next_cursor is not None}


@blp.get("/<uuid:offer_id>")
@requires("offers:read")
@blp.query(OfferFor)
@blp.response(200, Offer, etag="body")
def get_offer(wish: dict[str, Any], offer_id: UUID) -> Any:
    """Get an offer with its plans and prices."""
    with db.begin_read() as session:
        return queries.get_offer(session, g.caller.scope, offer_id, **wish)


@blp.get("/<uuid:offer_id>/price")
@requires("offers:read")
@blp.query(PriceQuery)
@blp.response(200, PriceExplanation)
def explain_price(wish: dict[str, Any], offer_id: UUID) -> Any:
    """Get why an offer costs what it costs, on any day."""
    with db.begin_read() as session:
        return queries.explain_price(session, g.caller.scope, offer_id, **wish)
