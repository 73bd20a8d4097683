"""Price books: the rules that make sales prices. For the operator."""

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
from .schemas import Paged, listing
from .schemas.prices import (
    PriceBook,
    PriceBookList,
    PriceBookPatch,
    PriceBookRequest,
    PriceBookVersions,
    PricePreview,
    PricePreviewRequest,
)

blp = Blueprint("price_books", __name__, url_prefix="/price-books", description=__doc__)


@blp.get("")
@requires("price-books:read")
@blp.query(Paged)
@blp.response(200, PriceBookList)
def list_price_books(wish: dict[str, Any]) -> Any:
    """List price books, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_price_books(session, g.caller.scope, **wish))


@blp.get("/<uuid:price_book_id>")
@requires("price-books:read")
@blp.response(200, PriceBook, etag=True)
def get_price_book(price_book_id: UUID) -> Any:
    """Get a price book with its rules."""
    with db.begin_read() as session:
        return queries.get_price_book(session, g.caller.scope, price_book_id)


@blp.get("/<uuid:price_book_id>/versions")
@requires("price-books:read")
@blp.response(200, PriceBookVersions)
def list_price_book_versions(price_book_id: UUID) -> Any:
    """List how a price book was, newest first."""
    with db.begin_read() as session:
        return {"items": queries.book_versions(session, g.caller.scope, price_book_id)}


@blp.post("")
@requires("price-books:write")
@blp.arguments(PriceBookRequest)
@once(db)
@blp.response(201, PriceBook, etag=True)
def create_price_book(session: Session, wish: dict[str, Any]) -> Any:
    """Make a price book."""
    queries.check_keeper(g.caller.scope)
    made = commands.set_price_book(session, expected_version=0, **wish)
    return queries.get_price_book(session, g.caller.scope, made)


@blp.patch("/<uuid:price_book_id>")
@requires("price-books:write")
@blp.arguments(PriceBookPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, PriceBook, etag=True)
def update_price_book(
    session: Session, changes: dict[str, Any], price_book_id: UUID, expected_version: int | None
) -> Any:
    """Give a price book other rules, or another rounding. What was ordered keeps its price."""
    book = queries.get_price_book(session, g.caller.scope, price_book_id)
    known: dict[str, Any] = {"name": book.name, "rules": book.rules, "expected_version": expected_version} | changes
    commands.set_price_book(session, **known)
    return queries.get_price_book(session, g.caller.scope, price_book_id)


@blp.post("/preview")
@requires("price-books:read")
@blp.arguments(PricePreviewRequest)
@blp.response(200, PricePreview)
def preview_price_book(wish: dict[str, Any]) -> Any:
    """See what rules would do to prices. Nothing is kept."""
    with db.begin_read() as session:
        return queries.preview_rules(session, g.caller.scope, **wish)
