"""What a reseller's end-customers owe it for a month, which it bills itself."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from domains.billing import db, queries
from domains.billing.documents.table import resold_csv

from .auth import requires
from .blueprint import Blueprint
from .schemas.resale import ResaleStatement, ResaleStatementQuery

blp = Blueprint("resale_statement", __name__, url_prefix="/resale-statement", description=__doc__)


@blp.get("")
@requires("charges:read")
@blp.query(ResaleStatementQuery)
@blp.response(200, ResaleStatement)
def get_resale_statement(wish: dict[str, Any]) -> Any:
    """Get what your end-customers owe you for a month, what it costs you, and what is left. Others have none."""
    month = wish["month"].replace(day=1)
    with db.begin_read() as session:
        return {"month": month, "items": queries.owed_by_customers(session, g.caller.scope, month)}


@blp.get("/csv")
@requires("charges:read")
@blp.query(ResaleStatementQuery)
@blp.response(200, {"type": "string"}, content_type="text/csv")
def download_resale_statement_csv(wish: dict[str, Any]) -> Response:
    """Download the charges behind it as CSV, with both prices."""
    with db.begin_read() as session:
        charges = queries.resale_charges(session, g.caller.scope, wish["month"])
        names = queries.names_of(session, g.caller.scope, charges)
    name = f'attachment; filename="resale-{wish["month"]:%Y-%m}.csv"'
    headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
    return Response(resold_csv(charges, names), content_type="text/csv; charset=utf-8", headers=headers)
