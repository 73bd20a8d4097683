"""Where providers tell us that something has happened. Nobody is signed in: what counts is their signature."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from domains.services import exchanges

from .auth import public

LARGEST = 64 * 1024  # bytes; a hint is thin
bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@bp.post("/<provider>")
@public
def take(provider: str) -> Any:
    """Note what a provider hints at; 204 also for what was noted before."""
    request.max_content_length = LARGEST
    exchanges.take_webhook(provider, dict(request.headers), request.get_data())
    return "", 204
