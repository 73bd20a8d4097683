"""See what you have, and change its quantity, cancel it or extend it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.services import commands, db, queries
from saga.flows.cancel_subscription import CancelSubscription
from saga.flows.cancel_subscription import cancel_subscription as cancel_flow
from saga.flows.change_quantity import change_quantity as quantity_flow
from saga.flows.extend_subscription import extend_subscription as extend_flow
from saga.flows.set_end_of_term import set_end_of_term as end_flow
from saga.payloads.change import changing
from saga.payloads.end_of_term import SetEndOfTerm

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match, same_version
from .schemas import listing
from .schemas.subscriptions import (
    CancelRequest,
    ChangePreview,
    ChangePreviewRequest,
    ChangeQuantityRequest,
    ExtendRequest,
    Extensions,
    Subscription,
    SubscriptionList,
    SubscriptionQuery,
)
from .starting import Start, starts

blp = Blueprint("subscriptions", __name__, url_prefix="/subscriptions", description=__doc__)


@blp.get("")
@requires("subscriptions:read")
@blp.query(SubscriptionQuery)
@blp.kept(SubscriptionList, db, "subscriptions", "accounts")
def list_subscriptions(wish: dict[str, Any]) -> Any:
    """List subscriptions, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_subscriptions(session, g.caller.scope, **wish))


@blp.get("/<uuid:subscription_id>")
@requires("subscriptions:read")
@blp.response(200, Subscription, etag="body")
def get_subscription(subscription_id: UUID) -> Any:
    """Get a subscription, with what may be done with it now."""
    with db.begin_read() as session:
        return queries.get_subscription(session, g.caller.scope, subscription_id)


@blp.post("/<uuid:subscription_id>/preview")
@requires("subscriptions:write")
@blp.arguments(ChangePreviewRequest)
@blp.response(200, ChangePreview)
def preview_subscription_change(wish: dict[str, Any], subscription_id: UUID) -> Any:
    """Preview a change: whether it is allowed, what it costs or gives back, until when it can be undone."""
    with db.begin() as session:
        known: dict[str, Any] = {"scope": g.caller.scope, "role": g.caller.role}
        return commands.preview_change(session, subscription_id=subscription_id, **known, **wish)


@blp.post("/<uuid:subscription_id>/change-quantity")
@requires("subscriptions:write")
@blp.arguments(ChangeQuantityRequest)
@starts
@if_match(required=False)
def change_quantity(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Start:
    """Change how many units there are; fewer only within the return windows."""
    terms, approval = change_terms("change_quantity", wish, subscription_id, expected_version)
    return Start(*changing(quantity_flow, terms, g.caller, expected_version, approval))


@blp.post("/<uuid:subscription_id>/cancel")
@requires("subscriptions:write")
@blp.arguments(CancelRequest)
@starts
@if_match(required=False)
def cancel_subscription(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Start:
    """Cancel a subscription, now within the provider's window, or at the end of its term."""
    terms, _no_approval = change_terms("cancel", wish, subscription_id, expected_version)
    return Start(cancel_flow, CancelSubscription.of(terms, g.caller, expected_version))


@blp.post("/<uuid:subscription_id>/extend")
@requires("subscriptions:write")
@blp.arguments(ExtendRequest)
@starts
@if_match(required=False)
def extend_subscription(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Start:
    """Extend a subscription to a later last day, one of those the provider allows.

    With `strategy` next_term or bridge it is decided that it runs on at the end of its term (as setEndOfTerm does).
    """
    strategy = wish.pop("strategy")
    if strategy != "free_date":
        return at_end_of_term(subscription_id, strategy, wish, expected_version)
    terms, approval = change_terms("extend", wish, subscription_id, expected_version)
    return Start(*changing(extend_flow, terms, g.caller, expected_version, approval))


@blp.get("/<uuid:subscription_id>/extensions")
@requires("subscriptions:read")
@blp.response(200, Extensions)
def list_extensions(subscription_id: UUID) -> Any:
    """List the ways in which a subscription can run longer, each with the last day that it leads to."""
    with db.begin_read() as session:
        return {"items": queries.list_extensions(session, g.caller.scope, subscription_id)}


def at_end_of_term(subscription_id: UUID, strategy: str, wish: dict[str, Any], expected_version: int | None) -> Start:
    """The decision that extends a subscription when its term is over."""
    with db.begin_read() as session:
        it = queries.get_subscription(session, g.caller.scope, subscription_id)
        same_version(expected_version, it.version)
        asked = {"strategy": strategy, "valid_to": wish["valid_to"]}
        decision, mode = queries.at_end_of_term(session, g.caller.scope, subscription_id, **asked)
    return Start(end_flow, SetEndOfTerm.of(decision, g.caller, mode=mode))


def change_terms(
    action: str, wish: dict[str, Any], subscription_id: UUID, expected_version: int | None
) -> tuple[Any, Any]:
    """The terms of a change and the approval it needs; 412 when the subscription is not in the version that the client
    has seen."""
    with db.begin_read() as session:
        terms = queries.change_terms(session, g.caller.scope, subscription_id=subscription_id, action=action, **wish)
        approval = queries.approval_needed(session, g.caller.scope, terms, g.caller)
    same_version(expected_version, terms.subscription_version)
    return terms, approval
