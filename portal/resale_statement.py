"""What a reseller's end-customers owe it for a month, which it bills itself. For the reseller alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request

from domains.billing import db, queries
from domains.billing.documents.table import CSV, resold_csv
from domains.kernel import clock

from .access import requires
from .htmx import page

bp = Blueprint("resale_statement", __name__, url_prefix="/resale-statement")
MONTHS = 12


@bp.get("")
@requires("charges:read")
def index() -> Any:
    """A month, by customer, with what it costs the reseller and what is left."""
    months = last_months()
    month = month_meant(months)
    with db.begin_read() as session:
        owed = queries.owed_by_customers(session, g.caller.scope, month)
    return page("resale_prices/statement.html", owed=owed, month=month, months=months)


@bp.get("/csv")
@requires("charges:read")
def csv() -> Response:
    """The charges behind it, for a spreadsheet."""
    month = month_meant(last_months())
    with db.begin_read() as session:
        charges = queries.resale_charges(session, g.caller.scope, month)
        content = resold_csv(charges, queries.names_of(session, g.caller.scope, charges)).encode("utf-8-sig")
    name = f'attachment; filename="resale-{month:%Y-%m}.csv"'
    return Response(content, mimetype=CSV, headers={"Content-Disposition": name, "Cache-Control": "private, no-store"})


def last_months() -> list[date]:
    """The months that can be chosen, this one first."""
    with db.begin_read() as session:
        today = clock.business_now(session).date()
    index = today.year * 12 + today.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(index, index - MONTHS, -1)]


def month_meant(months: list[date]) -> date:
    """The month that the address names, else this one."""
    named = request.args.get("month", "")
    return next((one for one in months if one.isoformat() == named), months[0])
