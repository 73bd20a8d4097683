"""What a subscription can become: pause it, change its plan, and plan what its next term begins with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from domains.services import db, queries
from saga.flows.change_plan import change_plan as plan_flow
from saga.flows.resume_subscription import ResumeSubscription
from saga.flows.resume_subscription import resume_subscription as resume_flow
from saga.flows.schedule_change import schedule_change as schedule_flow
from saga.flows.suspend_subscription import SuspendSubscription
from saga.flows.suspend_subscription import suspend_subscription as suspend_flow
from saga.payloads.change import changing

from .auth import requires
from .blueprint import Blueprint
from .etags import if_match
from .schemas.subscriptions import (
    AddOns,
    ChangePlanRequest,
    CoTerms,
    PlanOffers,
    ResumeRequest,
    ScheduledChange,
    ScheduledChangeRequest,
    SuspendRequest,
)
from .starting import Start, starts
from .subscriptions import change_terms

blp = Blueprint("planning", __name__, url_prefix="/subscriptions", description=__doc__)


@blp.post("/<uuid:subscription_id>/suspend")
@requires("subscriptions:write")
@blp.arguments(SuspendRequest)
@starts
@if_match(required=False)
def suspend_subscription(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Start:
    """Suspend a subscription: nobody can use it, it is billed on, and what was planned for it is deleted."""
    terms, _none = change_terms("suspend", wish, subscription_id, expected_version)
    return Start(suspend_flow, SuspendSubscription.of(terms, g.caller, expected_version))


@blp.post("/<uuid:subscription_id>/resume")
@requires("subscriptions:write")
@blp.arguments(ResumeRequest)
@starts
@if_match(required=False)
def resume_subscription(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Start:
    """Resume what is suspended."""
    terms, _none = change_terms("resume", wish, subscription_id, expected_version)
    return Start(resume_flow, ResumeSubscription.of(terms, g.caller, expected_version))


@blp.get("/<uuid:subscription_id>/plans")
@requires("subscriptions:read")
@blp.response(200, PlanOffers)
def list_plans(subscription_id: UUID) -> Any:
    """List the plans that a subscription can change to now, at today's prices."""
    with db.begin_read() as session:
        return {"items": queries.plan_offers(session, g.caller.scope, subscription_id)}


@blp.post("/<uuid:subscription_id>/change-plan")
@requires("subscriptions:write")
@blp.arguments(ChangePlanRequest)
@starts
@if_match(required=False)
def change_plan(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Start:
    """Change to another plan now: a higher edition, a longer term, or from a trial to what it tried."""
    terms, approval = change_terms("change_plan", wish, subscription_id, expected_version)
    return Start(*changing(plan_flow, terms, g.caller, expected_version, approval))


@blp.get("/<uuid:subscription_id>/scheduled-change")
@requires("subscriptions:read")
@blp.response(200, ScheduledChange, etag="body")
def get_scheduled_change(subscription_id: UUID) -> Any:
    """Get what is planned for the next term, and the plans that it can begin with."""
    with db.begin_read() as session:
        return queries.planning_of(session, g.caller.scope, subscription_id)


@blp.put("/<uuid:subscription_id>/scheduled-change")
@requires("subscriptions:write")
@blp.arguments(ScheduledChangeRequest)
@starts
@if_match()
def schedule_change(wish: dict[str, Any], subscription_id: UUID, expected_version: int | None) -> Start:
    """Plan what the next term begins with, in the place of what was planned before."""
    terms, approval = change_terms("schedule_change", wish, subscription_id, expected_version)
    return Start(*changing(schedule_flow, terms, g.caller, expected_version, approval))


@blp.delete("/<uuid:subscription_id>/scheduled-change")
@requires("subscriptions:write")
@starts
@if_match()
def remove_scheduled_change(subscription_id: UUID, expected_version: int | None) -> Start:
    """Take back what is planned for the next term."""
    terms, approval = change_terms("schedule_change", {"mode": "remove"}, subscription_id, expected_version)
    return Start(*changing(schedule_flow, terms, g.caller, expected_version, approval))


@blp.get("/<uuid:subscription_id>/add-ons")
@requires("subscriptions:read")
@blp.response(200, AddOns)
def list_add_ons(subscription_id: UUID) -> Any:
    """List what adds to a subscription, and what acts on it mean for that."""
    with db.begin_read() as session:
        found = queries.get_subscription(session, g.caller.scope, subscription_id)
        return {"items": queries.list_addons(session, g.caller.scope, subscription_id), "rules": found.addon_rules}


@blp.get("/<uuid:subscription_id>/co-terms")
@requires("subscriptions:read")
@blp.response(200, CoTerms)
def list_co_terms(subscription_id: UUID) -> Any:
    """List the last days of other subscriptions of the account that this one can be extended to."""
    with db.begin_read() as session:
        return {"items": queries.co_terms(session, g.caller.scope, subscription_id)}
