"""See what was done directly at the provider, and settle it: adopt, revert, make it a case, or leave it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.services import commands, db, queries
from saga.payloads.drift import SettleDrift
from saga.reconciling import SETTLING

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match, same_version
from .schemas import listing
from .schemas.drift import Drift, DriftList, DriftQuery, SettleDriftRequest
from .starting import Start, starts

blp = Blueprint("drift", __name__, url_prefix="/drift", description=__doc__)


@blp.get("")
@requires("subscriptions:read")
@blp.query(DriftQuery)
@blp.response(200, DriftList)
def list_drift(wish: dict[str, Any]) -> Any:
    """List drift, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_drift(session, g.caller.scope, **wish))


@blp.get("/<uuid:drift_id>")
@requires("subscriptions:read")
@blp.response(200, Drift, etag="body")
def get_drift(drift_id: UUID) -> Any:
    """Get a drift, with how it can be settled now."""
    with db.begin_read() as session:
        return queries.get_drift(session, g.caller.scope, drift_id)


@blp.post("/<uuid:drift_id>/settle")
@requires("subscriptions:write")
@blp.arguments(SettleDriftRequest)
@starts
@if_match(required=False)
def settle_drift(wish: dict[str, Any], drift_id: UUID, expected_version: int | None) -> Start:
    """Settle a drift.

    `adopt` takes the provider's facts over and charges them from their own day; `revert` undoes them at the provider,
    where its rules allow it; `case` opens a support case with the evidence; `ignore` leaves it, with a reason.
    """
    decision, reason = wish["decision"], wish.get("reason")
    with db.begin_read() as session:
        drift = queries.find_drift(session, g.caller.scope, drift_id)
        same_version(expected_version, drift.version)
        commands.check_decision(drift, decision, reason)
    return Start(SETTLING[decision], SettleDrift.of(drift, decision, reason, g.caller, expected_version))
