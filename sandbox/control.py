"""The control desk: move the clock, set faults, act as a customer who is here directly. Demo mode only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request

from . import catalogue, clock, ledger, subscriptions
from .app import books, faults
from .books import Pages
from .errors import No
from .faults import KINDS, OPERATIONS
from .orders import price_of
from .promotions import EVERYWHERE

bp = Blueprint("control", __name__, url_prefix="/control")


@bp.before_request
def only_in_demo_mode() -> None:
    if not current_app.config["DEMO"]:
        raise No(403, "not_in_demo_mode", "The control desk is open in demo mode only.")


def said() -> dict[str, Any]:
    """The request's values, from JSON or from the page's form."""
    return request.get_json(silent=True) or request.form.to_dict()


@bp.get("")
def show_desk() -> str:
    with books().open() as pages:
        orders = pages.find("order")[-10:]
        return render_template(
            "control.html",
            now=clock.stamp(clock.now(pages)),
            faults=faults().all(),
            kinds=KINDS,
            operations=OPERATIONS,
            orders=reversed(orders),
            settings=pages.get("state", "settings"),
        )


@bp.get("/clock")
def get_clock() -> Any:
    with books().open() as pages:
        return {"now": clock.stamp(clock.now(pages))}


@bp.put("/clock")
def set_clock() -> Any:
    """Any time before there are orders; back to the real time when the clock is not ahead of it."""
    wanted = said().get("now")
    with books().open() as pages:
        if wanted is not None and pages.count("order"):
            raise No(409, "clock_only_forward", "There are orders already: advance the clock instead.")
        offset = (pages.get("state", "clock") or {"offset": 0.0})["offset"]
        if wanted is None and offset > 1:
            raise No(409, "clock_ahead", "The clock is ahead of the real time and cannot go back.")
        clock.set_to(pages, clock.parsed(wanted) if wanted else None)
        subscriptions.pass_days(pages)
        return {"now": clock.stamp(clock.now(pages))}


@bp.post("/clock/advance")
def advance_clock() -> Any:
    asked = said()
    with books().open() as pages:
        now = clock.now(pages)
        steps = {name: float(asked[name]) for name in ("days", "hours", "seconds") if asked.get(name)}
        target = clock.parsed(asked["to"]) if asked.get("to") else now + timedelta(**steps)
        if target < now:
            raise No(409, "clock_only_forward", "The clock only goes forward.")
        clock.set_to(pages, target)
        subscriptions.pass_days(pages)
        answer = {"now": clock.stamp(clock.now(pages))}
    return answer if request.is_json else redirect("/control", 303)


@bp.put("/settings")
def set_settings() -> Any:
    asked = said()
    with books().open() as pages:
        known = pages.get("state", "settings") or {"id": "settings"}
        known |= {name: float(asked[name]) for name in ("order_seconds", "change_seconds") if name in asked}
        return pages.put("state", known)


@bp.get("/faults")
def get_faults() -> Any:
    return {"faults": faults().all()}


@bp.put("/faults")
def set_faults() -> Any:
    faults().set(said().get("faults", []))
    return get_faults()


@bp.delete("/faults")
def clear_faults() -> Any:
    faults().set([])
    return get_faults()


@bp.post("/faults")
def add_fault() -> Any:
    """The page's form: one fault more, or none at all."""
    asked = {name: value for name, value in request.form.items() if value}
    fault: dict[str, Any] = {"operation": asked.get("operation"), "kind": asked.get("kind"), "code": asked.get("code")}
    fault |= {name: int(asked[name]) for name in ("seconds", "count", "status") if asked.get(name)}
    faults().set([] if "clear" in asked else [*faults().all(), {k: v for k, v in fault.items() if v is not None}])
    return redirect("/control", 303)


@bp.post("/direct")
def act_directly() -> Any:
    """What a customer does here without the reseller: buy, seats, an end, a pause, or a state nobody has heard of."""
    asked = said()
    with books().open() as pages:
        if asked["kind"] == "buy":
            return subscriptions.shown(_bought(pages, asked))
        subscription = pages.get("subscription", asked["subscription_id"])
        if subscription is None:
            raise No(404, "subscription_unknown", "There is nothing under this id.")
        with clock.ahead_by(clock.moved(pages).get(subscription["customer"], 0.0)):
            return subscriptions.shown(_acted(pages, subscription, asked))


def _acted(pages: Pages, subscription: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    if asked["kind"] == "set_status":
        subscription["status"] = asked.get("status")
        return subscriptions.kept(pages, subscription, asked["kind"])
    wish = dict(asked) | ({"quantity": int(asked["quantity"])} if asked.get("quantity") else {})
    changed = subscriptions.change(pages, subscription, wish)
    changed.pop("_refund")
    ledger.tell(pages, "subscription.direct", "subscription", changed["id"])
    return changed


def _bought(pages: Pages, asked: dict[str, Any]) -> dict[str, Any]:
    """A subscription that a customer buys here itself: nobody's reference stands on it."""
    known = pages.get("customer", asked["customer"])
    if known is None:
        raise No(404, "customer_unknown", "There is no such customer.")
    line = {name: asked[name] for name in ("offer_id", "term", "billing_cycle")}
    line |= {"reference": None, "parent_subscription_id": asked.get("parent"), "quantity": int(asked["quantity"])}
    order = {"customer": asked["customer"], "currency": asked["currency"]}
    offer = pages.get("offer", line["offer_id"])
    if offer is None:
        raise No(422, "offer_unknown", "There is no such offer.")
    price = price_of(offer, line, order["currency"])
    return subscriptions.create(pages, order, line | {"unit_purchase_price": str(price)})


@bp.get("/orders")
def list_orders() -> Any:
    """What the provider holds under one of our references: proof that an order was placed once."""
    with books().open() as pages:
        return {"orders": pages.find("order", reference=request.args.get("reference", ""))}


@bp.put("/offers/<offer_id>")
def change_offer(offer_id: str) -> Any:
    """Change fields of an offer, or put a new one into the catalogue; `ended` true ends it."""
    with books().open() as pages:
        known = pages.get("offer", offer_id) or {}
        version = {"id": offer_id, "version": known.get("version", 0) + 1}
        return catalogue.change(pages, {**known, **said(), **version})


@bp.put("/promotions/<promotion_id>")
def change_promotion(promotion_id: str) -> Any:
    """Change fields of a promotion, or put a new one in place; its days say when it ends."""
    with books().open() as pages:
        return pages.put(
            "promotion", {**(pages.get("promotion", promotion_id) or EVERYWHERE), **said(), "id": promotion_id}
        )
