"""The provider's catalogue over HTTP: all of it, what has changed since a mark, and what is taken off for a while."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from . import catalogue
from .app import books, operation, page_of
from .routes import found

bp = Blueprint("offers", __name__, url_prefix="/v1")


@bp.get("/offers")
@operation(
    "list_offers", "Offers with their plans and prices; with changed_since, those that have changed after a mark"
)
def list_offers() -> Any:
    since, limit = request.args.get("changed_since"), min(int(request.args.get("limit", 100)), 500)
    with books().open() as pages:
        tag = f"catalogue-{catalogue.mark(pages)}"
        if tag in request.if_none_match:
            return Response(status=304, headers={"ETag": f'"{tag}"'})
        start = int(request.args.get("cursor") or since or 0)
        items, more = (catalogue.sold if since is None else catalogue.changed)(pages, start, limit)
        mark = str(catalogue.mark(pages))
    answer = jsonify(items=items, next_cursor=str(more) if more else None, mark=mark)
    answer.set_etag(tag)
    return answer


@bp.get("/promotions")
@operation("list_offers", "What is taken off for a while, for whom and on what")
def list_promotions() -> Any:
    with books().open() as pages:
        return page_of(pages, "promotion")


@bp.get("/offers/<offer_id>")
@operation("list_offers", "One offer")
def get_offer(offer_id: str) -> Any:
    with books().open() as pages:
        return found(pages.get("offer", offer_id), "offer_unknown")
