"""Subscriptions: what runs, for how many, until when, and what can be done about it now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound
from domains.services import db, queries

from . import search
from .access import requires
from .forms import chosen_id, maybe_day, optional_id, searched
from .htmx import page
from .offers import accounts_of
from .termline import termline

bp = Blueprint("subscriptions", __name__, url_prefix="/subscriptions")
STATES = ("active", "pending", "suspended", "pending_cancellation", "canceled", "expired", "failed", "unknown")
CHANGED = {
    "extend": _l("Extended"), "cancel": _l("Cancelled"), "suspend": _l("Suspended"), "resume": _l("Resumed"),
    "schedule_change": _l("Planned the next term"), "end_of_term": _l("Decided about the end of the term"),
}  # fmt: skip
SOON = 60  # days before the end of a term that the home page begins to ask for a decision


@bp.get("")
@requires("subscriptions:read")
def index() -> Any:
    """What runs and what has run, by account, state, last day and words."""
    asked = filters()
    with db.begin_read() as session:
        g.now = clock.business_now(session)
        accounts, counts = accounts_of(session), queries.count_by_state(session, g.caller.scope)
        cursor = request.args.get("cursor")
        found = queries.list_subscriptions(session, g.caller.scope, cursor=cursor, limit=25, **asked)
    return page("subscriptions/list.html", found=found, accounts=accounts, counts=counts, states=STATES, **asked)


def filters() -> dict[str, Any]:
    """The filters in the address, by the names the query has for them."""
    state = request.args.get("state") or None
    before = maybe_day("ends_before")
    return {"account_id": optional_id("account"), "state": state, "q": searched(), "valid_to_before": before}


@bp.get("/_of_account")
@requires("subscriptions:read")
def of_account() -> Any:
    """What was bought last for one account, for the account's page."""
    account_id = chosen_id("account")
    with db.begin_read() as session:
        g.now = clock.business_now(session)
        found = queries.list_subscriptions(session, g.caller.scope, account_id=account_id, limit=10)
    known: dict[str, Any] = {"found": found, "account_id": account_id}
    return page("subscriptions/of_account.html", "subscriptions/_of_account.html", **known)


@bp.get("/<uuid:subscription_id>")
@requires("subscriptions:read")
def show(subscription_id: UUID) -> Any:
    """One subscription: how it stands, which seats can go back, what may be done, what has been done."""
    with db.begin_read() as session:
        g.now = clock.business_now(session)
        it = queries.get_subscription(session, g.caller.paying, subscription_id)
        known: dict[str, Any] = {
            "history": history(session, it),
            "back": back_today(session, it),
            "line": termline(it, g.now),
            "addons": queries.list_addons(session, g.caller.scope, it.id),
        }
    return page("subscriptions/show.html", it=it, wish=it.quantity, preview=None, **known)


def history(session: Session, it: Any) -> list[dict[str, Any]]:
    """What has happened to a subscription, newest first: its changes, and the order it came from."""
    changes = queries.list_changes(session, g.caller.scope, it.id)
    rows = [
        {"at": one.begun_at, "what": changed(one), "who": one.requested_by, "state": one.state, "kind": "change",
         "why": one.error_detail, "href": f"/operations/{one.run_id}" if one.run_id else None}
        for one in changes
    ]  # fmt: skip
    return rows + origin(session, it)


def origin(session: Session, it: Any) -> list[dict[str, Any]]:
    """The order that a subscription came from, as the oldest line of its history."""
    try:
        order = queries.get_order(session, g.caller.scope, it.order_id)
    except NotFound:  # bought directly at the provider
        return []
    quantity = next(line.quantity for line in order.lines if line.subscription_id == it.id)
    return [
        {"at": order.placed_at, "what": _("Ordered, %(count)s", count=quantity), "who": order.ordered_by,
         "state": order.state, "kind": "order", "why": None, "href": f"/orders/{order.id}"}
    ]  # fmt: skip


def changed(change: Any) -> str:
    """What a change was about, in a few words."""
    if change.kind == "change_quantity":
        return _("Quantity %(before)s to %(after)s", before=change.from_quantity, after=change.to_quantity)
    if change.kind == "change_plan":
        return _("Changed to %(plan)s", plan=change.wish["plan"]["name"])
    if change.kind == "schedule_change" and change.mode == "remove":
        return _("Took back what was planned for the next term")
    if change.kind == "cancel" and change.mode == "end_of_term":
        return _("Cancelled at the end of the term")
    return str(CHANGED.get(change.kind, change.kind))


def back_today(session: Session, it: Any) -> dict[Any, Any]:
    """What comes back for each open lot, by the moment it was bought, if its seats went back today."""
    found = {}
    for lot in it.returnable_seats:
        seats = min(lot.quantity, it.returnable_quantity)
        asked = {"action": "change_quantity", "quantity": it.quantity - seats}
        preview = queries.change_preview(session, g.caller.scope, subscription_id=it.id, **asked) if seats else None
        if preview is not None and preview.terms is not None:
            found[lot.added_at] = (seats, preview.terms.refund)
    return found


@bp.get("/_found")
@requires("subscriptions:read")
def hits() -> Any:
    """What a search finds here, for the page of another process."""
    return search.part("/subscriptions")
