"""Subscriptions: what runs, for how many, until when, and what can be changed about it now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, g, request

from domains.kernel import clock
from domains.services import db
from domains.services.commands import preview_change
from domains.services.queries import (
    change_preview,
    change_terms,
    expiring,
    get_subscription,
    list_changes,
    list_subscriptions,
)
from saga.flows.cancel_subscription import cancel_subscription
from saga.flows.change_quantity import change_quantity
from saga.flows.extend_subscription import extend_subscription

from .access import requires
from .forms import chosen_day, optional_id, refusals_on, typed, whole
from .htmx import page
from .offers import CYCLES, TERMS, account_choices
from .starting import form_token, start

bp = Blueprint("subscriptions", __name__, url_prefix="/subscriptions")
ACTS = {
    "quantity": ("change_quantity", change_quantity),
    "extend": ("extend", extend_subscription),
    "cancel": ("cancel", cancel_subscription),
}
STATES = ("pending", "active", "suspended", "pending_cancellation", "canceled", "expired", "failed", "unknown")


def found_here(limit: int = 25) -> Any:
    """The subscriptions that the page's filters ask for."""
    with db.begin_read() as session:
        return list_subscriptions(
            session, g.caller.scope, account_id=optional_id("account_id"), state=typed("state"), q=typed("q") or "",
            cursor=request.args.get("cursor"), limit=limit,
        )  # fmt: skip


@bp.get("")
@requires("subscriptions:read")
def index() -> Any:
    known = {"accounts": account_choices(), "states": STATES, "terms": TERMS}
    return page("subscriptions/list.html", "subscriptions/_rows.html", found=found_here(), **known)


@bp.get("/_rows")
@requires("subscriptions:read")
def rows() -> Any:
    known = {"accounts": account_choices(), "states": STATES, "terms": TERMS}
    return page("subscriptions/list.html", "subscriptions/_rows.html", found=found_here(10), **known)


@bp.get("/_expiring")
@requires("subscriptions:read")
def soon() -> Any:
    with db.begin_read() as session:
        ending = expiring(session, g.caller.scope, within_days=45, limit=5)
    return page("subscriptions/expiring.html", "subscriptions/_expiring.html", ending=ending)


@bp.get("/<uuid:subscription_id>")
@requires("subscriptions:read")
def show(subscription_id: UUID) -> Any:
    with db.begin_read() as session:
        found = get_subscription(session, g.caller.scope, subscription_id)
        changes = list_changes(session, g.caller.scope, subscription_id)
        today = clock.business_now(session)
    known = {"terms": TERMS, "cycles": CYCLES, "now": today, "acts": {name: act for act, (name, _) in ACTS.items()}}
    return page("subscriptions/show.html", it=found, changes=changes, **known)


@bp.get("/<uuid:subscription_id>/<act>")
@requires("subscriptions:write")
def ask(subscription_id: UUID, act: str) -> Any:
    return form_page(subscription_id, act, errors={})


def form_page(subscription_id: UUID, act: str, errors: dict[str, str]) -> Any:
    """The form for one act, with what it would mean for what is typed so far."""
    action = ACTS[act][0] if act in ACTS else abort(404)
    wanted = {} if errors else wish(act, lenient=True)
    with db.begin_read() as session:
        found = get_subscription(session, g.caller.scope, subscription_id)
        known = {"subscription_id": subscription_id, "action": action}
        preview = change_preview(session, g.caller.scope, **known, **wanted) if any(wanted.values()) else None
    return page(f"subscriptions/{act}.html", "subscriptions/_preview.html", it=found, act=act, preview=preview,
                errors=errors, wanted=wanted)  # fmt: skip


def wish(act: str, *, lenient: bool = False) -> dict[str, Any]:
    """What the form asks for; while it is being typed, what cannot be read yet is left out."""
    if act == "quantity":
        return {"quantity": None if lenient and not (typed("quantity") or "").isdigit() else whole("quantity")}
    if act == "extend":
        return {"valid_to": None if lenient and not typed("valid_to") else chosen_day("valid_to")}
    return {"mode": typed("mode") if lenient else typed("mode") or "now"}


@bp.post("/<uuid:subscription_id>/<act>/check")
@requires("subscriptions:write")
@refusals_on(form_page)
def check(subscription_id: UUID, act: str) -> Any:
    action = ACTS[act][0] if act in ACTS else abort(404)
    with db.begin() as session:
        found = get_subscription(session, g.caller.scope, subscription_id)
        change_terms(session, g.caller.scope, subscription_id=subscription_id, action=action, **wish(act))
        known = {"subscription_id": subscription_id, "action": action}
        promise = preview_change(session, scope=g.caller.scope, **known, **wish(act))
    return page("subscriptions/check.html", it=found, act=act, promise=promise, change=promise.terms,
                form_token=form_token())  # fmt: skip


@bp.post("/<uuid:subscription_id>/<act>")
@requires("subscriptions:write")
@refusals_on(form_page)
def change(subscription_id: UUID, act: str) -> Any:
    action, saga = ACTS[act] if act in ACTS else abort(404)
    with db.begin_read() as session:
        known = {"subscription_id": subscription_id, "action": action, "preview_id": optional_id("preview")}
        terms = change_terms(session, g.caller.scope, **known, **wish(act))
    return start(saga, saga.payload.of(terms, g.caller, expected_version=whole("version")))
