"""Quotes: prices that hold for days, to be accepted by whoever may order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.services import commands, db, queries
from saga.flows.place_order import ordering

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match, same_version
from .idempotency import once
from .schemas import listing
from .schemas.quotes import Quote, QuoteDecline, QuoteList, QuoteQuery, QuoteRequest
from .starting import Start, starts

blp = Blueprint("quotes", __name__, url_prefix="/quotes", description=__doc__)


@blp.get("")
@requires("orders:read")
@blp.query(QuoteQuery)
@blp.response(200, QuoteList)
def list_quotes(wish: dict[str, Any]) -> Any:
    """List quotes, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_quotes(session, g.caller.scope, **wish))


@blp.post("")
@requires("orders:write")
@blp.arguments(QuoteRequest)
@once(db)
@blp.response(201, Quote)
def make_quote(session: Session, wish: dict[str, Any]) -> Any:
    """Make a quote: the order is priced now and its unit prices hold for so many days."""
    quote_id = new_id()
    commands.make_quote(session, caller=g.caller, quote_id=quote_id, **wish)
    return queries.get_quote(session, g.caller.scope, quote_id)


@blp.get("/<uuid:quote_id>")
@requires("orders:read")
@blp.response(200, Quote, etag="body")
def get_quote(quote_id: UUID) -> Any:
    """Get a quote."""
    with db.begin_read() as session:
        return queries.get_quote(session, g.caller.scope, quote_id)


@blp.post("/<uuid:quote_id>/send")
@requires("orders:write")
@once(db)
@if_match(required=False)
@blp.response(200, Quote, etag="body")
def send_quote(session: Session, quote_id: UUID, expected_version: int | None) -> Any:
    """Put a quote before the customer: its owners get an e-mail."""
    commands.send_quote(session, caller=g.caller, quote_id=quote_id, version=expected_version)
    return queries.get_quote(session, g.caller.scope, quote_id)


@blp.post("/<uuid:quote_id>/decline")
@requires("orders:write")
@blp.arguments(QuoteDecline)
@once(db)
@if_match(required=False)
@blp.response(200, Quote, etag="body")
def decline_quote(session: Session, wish: dict[str, Any], quote_id: UUID, expected_version: int | None) -> Any:
    """Decline a quote; whoever has made it withdraws it."""
    commands.decline_quote(session, caller=g.caller, quote_id=quote_id, version=expected_version, **wish)
    return queries.get_quote(session, g.caller.scope, quote_id)


@blp.post("/<uuid:quote_id>/accept")
@requires("orders:write")
@starts
@if_match(required=False)
def accept_quote(quote_id: UUID, expected_version: int | None) -> Start:
    """Accept a quote: it is ordered at its unit prices, its days moved along to today."""
    with db.begin_read() as session:
        same_version(expected_version, queries.get_quote(session, g.caller.scope, quote_id).version)
        terms = queries.quote_terms(session, g.caller.scope, quote_id)
        waits = queries.order_waits(session, g.caller.scope, terms, g.caller)
    return Start(*ordering(terms, g.caller, *waits))
