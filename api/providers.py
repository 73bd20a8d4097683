"""See how the cloud providers are. For operators only."""

from __future__ import annotations

from typing import Any

from flask import g

from domains.services import db, queries

from .auth import requires
from .blueprint import Blueprint
from .schemas.providers import ProviderList

blp = Blueprint("providers", __name__, url_prefix="/providers", description=__doc__)


@blp.get("")
@requires("runs:read")
@blp.response(200, ProviderList)
def list_providers() -> Any:
    """List the providers with the state of their gates."""
    with db.begin_read() as session:
        return {"items": [_as_shown(one) for one in queries.list_providers(session, g.caller.scope)]}


def _as_shown(one: queries.ProviderHealth) -> dict[str, Any]:
    gate, able = one.gate, one.able
    flags = [name for name in ("lists_subscriptions", "lists_changes", "signs_webhooks", "tells_costs")
             if getattr(able, name)]  # fmt: skip
    return {
        "key": one.key, "adapter": one.adapter, "state": gate.state, "retry_after": gate.seconds or None,
        "failures": gate.failures, "last_error": gate.error, "last_error_at": gate.error_at,
        "answered_at": gate.answered_at, "took_ms": gate.took, "synced_at": one.synced_at,
        "open_hints": one.open_hints, "changes": sorted(able.changes), "extend": able.extend, "tells": flags,
        "platform_managed": sorted(able.platform_managed),
    }  # fmt: skip
