"""See what is owed, charge by charge and by the month."""

from __future__ import annotations

from typing import Any

from flask import g

from domains.billing import db, queries

from .auth import requires
from .blueprint import Blueprint
from .schemas import listing
from .schemas.billing import ChargeList, ChargeQuery, Costs, CostsQuery

blp = Blueprint("charges", __name__, description=__doc__)


@blp.get("/charges")
@requires("charges:read")
@blp.query(ChargeQuery)
@blp.response(200, ChargeList)
def list_charges(wish: dict[str, Any]) -> Any:
    """List charges, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_charges(session, g.caller.scope, **wish))


@blp.get("/costs")
@requires("charges:read")
@blp.query(CostsQuery)
@blp.response(200, Costs)
def get_costs(wish: dict[str, Any]) -> Any:
    """Get what the last months cost, by currency."""
    with db.begin_read() as session:
        found = queries.costs_by_month(session, g.caller.scope, **wish)
    return {"currencies": [{"currency": code, "months": months} for code, months in found.items()]}
