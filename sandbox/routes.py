"""The provider's API: catalogue, customers and users, orders, subscriptions and their changes, billing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, g, request

from . import clock, ledger, orders, subscriptions
from .app import answer_of, books, faults, hang, operation, page_of
from .books import Document, Pages
from .errors import No

bp = Blueprint("v1", __name__, url_prefix="/v1")


def once(make: Callable[[Pages, Document], Document], name: str, status: int = 202) -> Any:
    """Do a write under the client's Request-Id: the same id and body get the first answer, another body is refused."""
    request_id, asked = request.headers.get("Request-Id", ""), request.get_json()
    if not request_id:
        raise No(400, "request_id_missing", "Send a Request-Id header, the same for every try.")
    print_of = hashlib.sha256(json.dumps([request.path, asked], sort_keys=True).encode()).hexdigest()
    with books().open() as pages:
        known = pages.get("request", request_id)
        if known and known["digest"] != print_of:
            raise No(409, "request_id_reused", "This Request-Id was used for another request.")
        if known:
            g.repeated = True
            return answer_of(name, known["answer"], status)
        made = make(pages, asked)
        pages.put("request", {"id": request_id, "digest": print_of, "answer": made})
    hang(name, **orders.facts_of(asked))
    return answer_of(name, made, status)


def found(document: Document | None, code: str) -> Document:
    """The document, or a clear 404."""
    if document is None:
        raise No(404, code, "There is nothing under this id.")
    return document


@bp.put("/customers/<reference>")
@operation("ensure_customer", "Make a customer, or find the one with this reference")
def ensure_customer(reference: str) -> Any:
    asked = request.get_json()
    with books().open() as pages:
        known = pages.get("customer", reference)
        if known is None:
            for name in ("name", "country"):
                if not asked.get(name):
                    raise No(400, "field_missing", f"A customer needs {name}.", field=name)
            number = pages.number("customer")
            domain = "".join(c for c in asked["name"].lower() if c.isascii() and c.isalnum())[:30] or "customer"
            known = pages.put(
                "customer",
                {
                    "id": reference,
                    "tenant": f"CT-{9000 + number}",
                    "reference": reference,
                    "name": asked["name"],
                    "country": asked["country"],
                    "domain": f"{domain}{number}.ccp.example",
                    "status": "active",
                },
            )
            ledger.tell(pages, "customer.created", "customer", known["tenant"])
    hang("ensure_customer", reference=reference)
    return answer_of("ensure_customer", customer_shown(known))


def customer_shown(document: Document) -> Document:
    """A customer as the outside sees it: its id is the tenant's."""
    return {**{name: value for name, value in document.items() if name != "tenant"}, "id": document["tenant"]}


@bp.get("/customers/<reference>")
@operation("ensure_customer", "One customer")
def get_customer(reference: str) -> Any:
    with books().open() as pages:
        return customer_shown(found(pages.get("customer", reference), "customer_unknown"))


@bp.put("/customers/<reference>/users/<user_reference>")
@operation("ensure_user", "Make a user of a customer, or find the one with this reference")
def ensure_user(reference: str, user_reference: str) -> Any:
    asked = request.get_json()
    with books().open() as pages:
        customer = found(pages.get("customer", reference), "customer_unknown")
        known = next(iter(pages.find("user", reference=user_reference, owner=reference)), None)
        if known is None:
            local = "".join(c for c in asked.get("display_name", "").lower() if c.isascii() and c.isalnum()) or "user"
            known = pages.put(
                "user",
                {
                    "id": f"CU-{70000 + pages.number('user')}",
                    "reference": user_reference,
                    "customer_id": customer["tenant"],
                    "principal_name": f"{local}@{customer['domain']}",
                    "display_name": asked.get("display_name", ""),
                    "email": asked.get("email", ""),
                    "status": "active",
                    "roles": ["tenant_admin"],
                    "mfa_enabled": True,
                    "last_sign_in_at": None,
                    "created_at": clock.stamp(clock.now(pages)),
                },
                owner=reference,
            )
    hang("ensure_user", reference=reference)
    return answer_of("ensure_user", known)


@bp.get("/users/<user_id>")
@operation("ensure_user", "One user")
def get_user(user_id: str) -> Any:
    with books().open() as pages:
        return found(pages.get("user", user_id), "user_unknown")


@bp.get("/customers/<reference>/users")
@operation("ensure_user", "The users of a customer")
def list_users(reference: str) -> Any:
    with books().open() as pages:
        return {"items": pages.find("user", owner=reference), "next_cursor": None}


@bp.post("/orders")
@operation("place_order", "Place an order; it is carried out after a while")
def place_order() -> Any:
    return once(lambda pages, asked: orders.shown(orders.place(pages, faults(), asked)), "place_order")


@bp.get("/orders/<order_id>")
@operation("get_order", "One order as it stands")
def get_order(order_id: str) -> Any:
    with books().open() as pages:
        return orders.shown(orders.settle(pages, faults(), found(pages.get("order", order_id), "order_unknown")))


@bp.get("/orders")
@operation("find_order", "Orders by our reference: the look-up after silence")
def find_orders() -> Any:
    with books().open() as pages:
        known = pages.find("order", reference=request.args.get("reference", ""))
        return {"items": [orders.shown(orders.settle(pages, faults(), one)) for one in known]}


@bp.post("/orders/<order_id>/cancel")
@operation("place_order", "Withdraw a pending order")
def cancel_order(order_id: str) -> Any:
    with books().open() as pages:
        return orders.shown(orders.cancel(pages, found(pages.get("order", order_id), "order_unknown")))


@bp.get("/subscriptions/<subscription_id>")
@operation("get_subscription", "One subscription as it stands")
def get_subscription(subscription_id: str) -> Any:
    with books().open() as pages:
        subscriptions.pass_days(pages)
        return subscriptions.shown(found(pages.get("subscription", subscription_id), "subscription_unknown"))


@bp.get("/subscriptions")
@operation("get_subscription", "The subscriptions of a customer")
def list_subscriptions() -> Any:
    with books().open() as pages:
        subscriptions.pass_days(pages)
        return page_of(pages, "subscription", owner=request.args.get("customer"), shown=subscriptions.shown)


@bp.get("/subscriptions/<subscription_id>/change-policy")
@operation("get_policy", "What may be changed now, and what not and why")
def get_policy(subscription_id: str) -> Any:
    with books().open() as pages:
        return subscriptions.policy(pages, found(pages.get("subscription", subscription_id), "subscription_unknown"))


@bp.post("/subscriptions/<subscription_id>/changes")
@operation("change", "Change a subscription; it is carried out after a while")
def make_change(subscription_id: str) -> Any:
    return once(lambda pages, asked: change_shown(_change(pages, subscription_id, asked)), "change")


def _change(pages: Pages, subscription_id: str, asked: Document) -> Document:
    subscription = found(pages.get("subscription", subscription_id), "subscription_unknown")
    refused = faults().take("change", "reject", reference=asked.get("reference"), offer_id=subscription["offer_id"],
                            customer=subscription["customer"])  # fmt: skip
    if refused:
        raise No(422, refused.get("code", "capacity_exceeded"), refused.get("message", "The provider refuses this."))
    if any(one["status"] == "pending" for one in pages.find("change", owner=subscription_id)):
        raise No(409, "operation_pending", "Another change is open.", retry_after=2)
    if asked.get("expected_version") not in (None, subscription["version"]):
        raise No(409, "version_conflict", "The subscription has changed.", version=subscription["version"])
    changed = subscriptions.change(pages, subscription, asked)
    amount = changed.pop("_refund")
    now = clock.now(pages)
    due = now + timedelta(seconds=orders.setting(pages, "change_seconds"))
    refund = {"amount": str(-amount), "currency": subscription["currency"]} if amount and amount < 0 else None
    made = {
        "id": f"CC-{550000 + pages.number('change')}",
        "reference": asked.get("reference"),
        "kind": asked["kind"],
        "subscription_id": subscription_id,
        "status": "pending",
        "error": None,
        "refund": refund,
        "created_at": clock.stamp(now),
        "due_at": clock.stamp(due),
    }
    return settled(pages, pages.put("change", made, owner=subscription_id))


def settled(pages: Pages, change: Document) -> Document:
    """A change succeeds when its time has come; its effect was checked and made when it was taken."""
    if change["status"] == "pending" and clock.parsed(change["due_at"]) <= clock.now(pages):
        change["status"] = "succeeded"
        pages.put("change", change)
    after = pages.get("subscription", change["subscription_id"]) or {}
    return change | {"subscription": subscriptions.shown(after) if change["status"] == "succeeded" else None}


def change_shown(change: Document) -> Document:
    """A change as the outside sees it."""
    answer = {name: value for name, value in change.items() if name != "due_at"}
    return answer | {"retry_after": 1 if change["status"] == "pending" else None}


@bp.get("/changes/<change_id>")
@operation("get_change", "One change as it stands")
def get_change(change_id: str) -> Any:
    with books().open() as pages:
        return change_shown(settled(pages, found(pages.get("change", change_id), "change_unknown")))


@bp.get("/changes")
@operation("find_change", "Changes by our reference: the look-up after silence")
def find_changes() -> Any:
    with books().open() as pages:
        known = pages.find("change", reference=request.args.get("reference", ""))
        return {"items": [change_shown(settled(pages, one)) for one in known]}


@bp.get("/billing/lines")
@operation("billing", "What a month costs, line by line, counted in days")
def billing_lines() -> Any:
    with books().open() as pages:
        subscriptions.pass_days(pages)
        return page_of(pages, "line", owner=request.args.get("period", ""), shown=_line)


def _line(line: Document) -> Document:
    return {name: value for name, value in line.items() if name != "reference"}


@bp.get("/changes-feed")
@operation("billing", "All that has happened since a cursor, also what a customer did here directly")
def changes_feed() -> Any:
    after = request.args.get("after") or "0"
    with books().open() as pages:
        position = pages.position("feed", after)
        items, more = pages.page("feed", position, min(int(request.args.get("limit", 100)), 500))
    return {"items": items, "next_cursor": items[-1]["cursor"] if items else after, "has_more": more is not None}


@bp.put("/webhook")
@operation("billing", "Where thin, signed hints are posted when something changes")
def set_webhook() -> Any:
    asked = request.get_json()
    with books().open() as pages:
        pages.put("state", {"id": "webhook", "url": asked["url"], "secret": asked["secret"]})
    current_app.extensions["hooks"].wake()
    return {"url": asked["url"]}
