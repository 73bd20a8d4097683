"""Costs: what was charged, by the month and one by one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request

from domains.billing import db
from domains.billing.queries import costs_by_month, list_charges

from .access import requires
from .htmx import page

bp = Blueprint("billing", __name__, url_prefix="/costs")


@bp.get("")
@requires("charges:read")
def index() -> Any:
    """The chart, and every charge behind it."""
    with db.begin_read() as session:
        costs = costs_by_month(session, g.caller.scope)
        found = list_charges(session, g.caller.scope, cursor=request.args.get("cursor"), limit=25)
    return page("billing/costs.html", costs=costs, charges=found.items, next_cursor=found.next_cursor)


@bp.get("/_chart")
@requires("charges:read")
def chart() -> Any:
    """The chart alone, for the home page."""
    with db.begin_read() as session:
        costs = costs_by_month(session, g.caller.scope)
    return page("billing/chart.html", "billing/_chart.html", costs=costs)
