"""See and set what your organisation has decided about its own orders."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy.orm import Session

from domains.services import commands, db, queries

from .auth import requires
from .blueprint import Blueprint
from .callers import customer_meant
from .idempotency import once
from .schemas.approvals import OrderingRule, OrderingRuleRequest

blp = Blueprint("ordering_rules", __name__, url_prefix="/ordering-rules", description=__doc__)


@blp.get("")
@requires("approval-limits:read")
@blp.response(200, OrderingRule)
def get_ordering_rules() -> Any:
    """Get the rules for orders: above which commitment a preview is needed, and how long an approval waits."""
    with db.begin_read() as session:
        return queries.ordering_rule(session, g.caller.scope, customer_meant({}))


@blp.post("")
@requires("approval-limits:write")
@blp.arguments(OrderingRuleRequest)
@once(db)
@blp.response(200, OrderingRule)
def set_ordering_rules(session: Session, wish: dict[str, Any]) -> Any:
    """Set the rules for orders."""
    customer_id = customer_meant({})
    commands.set_ordering_rule(session, customer_id=customer_id, reseller_id=g.caller.reseller_id, **wish)
    return queries.ordering_rule(session, g.caller.scope, customer_id)
