"""Costs: what was charged, by the month and one by one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request
from sqlalchemy.orm import Session

from domains.billing import db
from domains.billing.queries import MonthCost, costs_by_month, customer_ref, list_charges
from domains.kernel.money import Money

from .access import requires
from .htmx import page

bp = Blueprint("billing", __name__, url_prefix="/costs")
LEAST = 6  # months that a chart shows, even when there was nothing to pay at first


@bp.get("")
@requires("charges:read")
def index() -> Any:
    """The chart, and every charge behind it."""
    with db.begin_read() as session:
        costs = costs_by_month(session, g.caller.scope)
        found = list_charges(session, g.caller.scope, cursor=request.args.get("cursor"), limit=25)
        known: dict[str, Any] = {"customers": names(session, found.items), "next_cursor": found.next_cursor}
    return page("billing/costs.html", costs=drawn(costs), totals=totals(costs), charges=found.items, **known)


@bp.get("/_chart")
@requires("charges:read")
def chart() -> Any:
    """The chart alone, for the home page."""
    with db.begin_read() as session:
        costs = costs_by_month(session, g.caller.scope)
    return page("billing/chart.html", "billing/_chart.html", costs=drawn(costs))


def drawn(costs: dict[str, list[MonthCost]]) -> dict[str, list[MonthCost]]:
    """The months that are drawn: from the first with a charge on, but at least six."""
    return {currency: months[_first(months) :] for currency, months in costs.items()}


def _first(months: list[MonthCost]) -> int:
    charged = (i for i, month in enumerate(months) if month.amount.minor)
    return max(0, min(next(charged, len(months)), len(months) - LEAST))


def totals(costs: dict[str, list[MonthCost]]) -> list[dict[str, Any]]:
    """By currency: this month so far, the month before, and all twelve together."""
    return [
        {"now": months[-1], "before": months[-2], "year": sum((one.amount for one in months), Money.zero(currency))}
        for currency, months in costs.items()
    ]


def names(session: Session, charges: list[Any]) -> dict[Any, str]:
    """Whose charges these are, for a reader who sees several customers'."""
    ids = {one.customer_id for one in charges} if g.caller.scope.kind != "customer" else set()
    known = [customer_ref(session, g.caller.scope, id) for id in ids]
    return {one.customer_id: one.name for one in known if one is not None}
