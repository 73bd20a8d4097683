"""Say what an account adopts by itself of what was done directly at the provider."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from domains.services import commands, db, queries

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match, same_version
from .idempotency import once
from .schemas.drift import DriftRule, DriftRuleList, DriftRulePatch

blp = Blueprint("drift_rules", __name__, url_prefix="/drift-rules", description=__doc__)


@blp.get("")
@requires("accounts:read")
@blp.response(200, DriftRuleList)
def list_drift_rules() -> Any:
    """List your active accounts, with what each adopts by itself and when it was compared with the provider."""
    with db.begin_read() as session:
        return {"items": queries.list_rules(session, g.caller.scope)}


@blp.get("/<uuid:account_id>")
@requires("accounts:read")
@blp.response(200, DriftRule, etag=True)
def get_drift_rule(account_id: UUID) -> Any:
    """Get what an account adopts by itself."""
    with db.begin_read() as session:
        return queries.get_rule(session, g.caller.scope, account_id)


@blp.patch("/<uuid:account_id>")
@requires("accounts:write")
@blp.arguments(DriftRulePatch)
@once(db, key_required=False)
@if_match()
@blp.response(200, DriftRule, etag=True)
def update_drift_rule(session: Session, wish: dict[str, Any], account_id: UUID, expected_version: int | None) -> Any:
    """Say what an account adopts by itself.

    What has ended at the provider, or is in a state that we do not know, is never adopted by a rule.
    """
    account = queries.get_account(session, g.caller.scope, account_id)
    same_version(expected_version, queries.get_rule(session, g.caller.scope, account_id).version)
    commands.set_rule(session, account=account, rule=wish["adopt"])
    return queries.get_rule(session, g.caller.scope, account_id)
