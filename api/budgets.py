"""See what accounts are bound to pay, and say how much they may commit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.accounts import commands, db, queries
from domains.kernel.paging import Page

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match
from .idempotency import once
from .schemas import listing
from .schemas.budgets import Budget, BudgetList, BudgetPatch, BudgetQuery, shown

blp = Blueprint("budgets", __name__, url_prefix="/budgets", description=__doc__)


@blp.get("")
@requires("accounts:read")
@blp.query(BudgetQuery)
@blp.response(200, BudgetList)
def list_budgets(wish: dict[str, Any]) -> Any:
    """List accounts with their limits and what they are bound to pay, newest first."""
    with db.begin_read() as session:
        found = queries.list_outlooks(session, g.caller.scope, **wish)
    return listing(Page([shown(one) for one in found.items], found.next_cursor))


@blp.get("/<uuid:account_id>")
@requires("accounts:read")
@blp.response(200, Budget, etag="body")
def get_budget(account_id: UUID) -> Any:
    """Get an account's limits and what it is bound to pay, month by month and until each term ends."""
    with db.begin_read() as session:
        return shown(queries.outlook(session, g.caller.scope, account_id))


@blp.patch("/<uuid:account_id>")
@requires("accounts:write")
@blp.arguments(BudgetPatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, Budget, etag="body")
def update_budget(session: Session, changes: dict[str, Any], account_id: UUID, expected_version: int | None) -> Any:
    """Change an account's limits, what happens beyond them, and when its owners are told."""
    about: dict[str, Any] = {"account_id": account_id, "expected_version": expected_version}
    commands.set_budget(session, scope=g.caller.scope, **about, **changes)
    return shown(queries.outlook(session, g.caller.scope, account_id))
