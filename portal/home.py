"""The first page: what runs now, what ends soon, what it costs, what is asked; each part from its own domain."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g

from .access import signed_in
from .htmx import page

bp = Blueprint("home", __name__)


@bp.get("/")
@signed_in
def index() -> Any:
    """Home."""
    parts = {
        "subscriptions:read": "ending", "operations:read": "running", "charges:read": "costs", "cases:read": "cases",
    }  # fmt: skip
    return page("home.html", parts=[part for scope, part in parts.items() if g.caller.may(scope)])
