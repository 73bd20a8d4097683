"""See what the provider bills us and no charge explains."""

from __future__ import annotations

from typing import Any

from flask import g

from domains.billing import db, queries

from .auth import requires
from .blueprint import Blueprint
from .schemas import Paged, listing
from .schemas.invoices import MismatchList

blp = Blueprint("mismatches", __name__, url_prefix="/mismatches", description=__doc__)


@blp.get("")
@requires("operate")
@blp.query(Paged)
@blp.response(200, MismatchList)
def list_mismatches(wish: dict[str, Any]) -> Any:
    """List what a person should look at, newest first; for the operator's staff, because it shows what things cost."""
    with db.begin_read() as session:
        return listing(queries.list_mismatches(session, g.caller.scope, **wish))
