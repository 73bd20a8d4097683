"""Orders: taken at once, carried out after a while, each line on its own."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from . import clock, subscriptions
from .books import Document, Pages
from .errors import No
from .faults import Faults
from .ledger import tell

LINE_FIELDS = ("reference", "offer_id", "term", "billing_cycle", "quantity")


def place(pages: Pages, faults: Faults, asked: Document) -> Document:
    """Take an order. Each line is checked now; what can only be known later is said on the line."""
    for name in ("reference", "customer", "currency", "lines"):
        if not asked.get(name):
            raise No(400, "field_missing", f"An order needs {name}.", field=name)
    if pages.get("customer", asked["customer"]) is None:
        raise No(422, "customer_unknown", "There is no such customer.")
    refused = faults.take("place_order", "reject", **facts_of(asked))
    if refused:
        raise No(422, refused.get("code", "capacity_exceeded"), refused.get("message", "There is no capacity left."))
    lines = [_checked(pages, asked, line) for line in asked["lines"]]
    partial = faults.take("place_order", "partial", **facts_of(asked))
    now = clock.now(pages)
    order = {
        "id": f"PO-{77120000 + pages.number('order')}", "reference": asked["reference"], "customer": asked["customer"],
        "currency": asked["currency"], "status": "pending", "lines": lines, "error": None,
        "created_at": clock.stamp(now), "due_at": clock.stamp(now + timedelta(seconds=setting(pages, "order_seconds"))),
        "partial": partial.get("code", "capacity_exceeded") if partial else None,
    }  # fmt: skip
    tell(pages, "order.placed", "order", order["id"])
    return settle(pages, faults, pages.put("order", order, owner=asked["customer"]))


def facts_of(asked: Document) -> dict[str, Any]:
    """What a fault may be matched against."""
    offers = [line.get("offer_id") for line in asked.get("lines", []) if isinstance(line, dict)]
    return {"reference": asked.get("reference"), "customer": asked.get("customer"), "offer_id": offers}


def setting(pages: Pages, name: str) -> float:
    """How long orders and changes take, in seconds of this clock."""
    return float((pages.get("state", "settings") or {}).get(name, 2))


def _checked(pages: Pages, asked: Document, line: Document) -> Document:
    for name in LINE_FIELDS:
        if line.get(name) in (None, ""):
            raise No(400, "field_missing", f"A line needs {name}.", field=name)
    offer = pages.get("offer", line["offer_id"])
    if offer is None or offer.get("ended"):
        raise No(422, "offer_unknown", f"There is no offer {line['offer_id']}.")
    today = clock.now(pages).date()
    if offer["valid_to"] and date.fromisoformat(offer["valid_to"]) < today:
        raise No(422, "offer_ended", f"{offer['name']} is not sold any more.")
    if not isinstance(line["quantity"], int) or not offer["min_quantity"] <= line["quantity"] <= offer["max_quantity"]:
        limits = {"min_quantity": offer["min_quantity"], "max_quantity": offer["max_quantity"]}
        raise No(422, "quantity_out_of_range", f"{offer['name']} is sold from {limits['min_quantity']} to "
                 f"{limits['max_quantity']}.", **limits)  # fmt: skip
    _check_answers(offer, line.get("answers") or {})
    price = price_of(offer, line, asked["currency"])
    held = [one["offer_id"] for one in pages.find("subscription", owner=asked["customer"]) if one["status"] == "active"]
    ordered = [one.get("offer_id") for one in asked["lines"]]
    for needed in (offer["addon_of"], offer["prerequisites"]):
        if needed and not set(needed) & {*held, *ordered}:
            raise No(422, "prerequisite_missing", f"{offer['name']} needs {' or '.join(needed)}.", needs=needed)
    kept = {name: line[name] for name in LINE_FIELDS} | {"parent_subscription_id": line.get("parent_subscription_id")}
    kept["answers"] = line.get("answers") or {}
    return {**kept, "status": "pending", "subscription_id": None, "error": None, "valid_from": None, "valid_to": None,
            "unit_purchase_price": str(price)}  # fmt: skip


def _check_answers(offer: Document, answers: Document) -> None:
    for one in offer["policy"].get("questions", []):
        said = answers.get(one["key"])
        if one.get("required") and (not said or (one["kind"] == "yes_no" and said != "yes")):
            raise No(422, "information_missing", f"{one['label']} is needed.", key=one["key"])
        if said and one.get("choices") and said not in one["choices"]:
            raise No(
                422, "information_invalid", f"{one['label']} is one of {', '.join(one['choices'])}.", key=one["key"]
            )


def price_of(offer: Document, line: Document, currency: str) -> Decimal:
    """What a line costs for each unit and billing cycle; refused where it is not sold so."""
    plans = [
        plan
        for plan in offer["plans"]
        if (plan["term"], plan["billing_cycle"]) == (line["term"], line["billing_cycle"])
    ]
    if not plans:
        raise No(
            422, "term_not_sold", f"{offer['name']} is not sold for {line['term']} billed {line['billing_cycle']}."
        )
    for price in plans[0]["prices"]:
        if price["currency"] == currency:
            return Decimal(price["purchase_price"])
    raise No(422, "currency_not_sold", f"{offer['name']} has no price in {currency}.")


def settle(pages: Pages, faults: Faults, order: Document) -> Document:
    """Carry an order out when its time has come."""
    if order["status"] != "pending" or clock.parsed(order["due_at"]) > clock.now(pages):
        return order
    if faults.holds("stuck_pending", reference=order["reference"], customer=order["customer"],
                    offer_id=[line["offer_id"] for line in order["lines"]]):  # fmt: skip
        return order
    for number, line in enumerate(order["lines"]):
        if order["partial"] and number % 2 == 1:
            error = {"code": order["partial"], "message": "There is no capacity left for this line."}
            line.update(status="rejected", error=error)
            continue
        made = subscriptions.create(pages, order, line)
        line.update(
            status="accepted", subscription_id=made["id"], valid_from=made["start_date"], valid_to=made["valid_to"]
        )
    accepted = [line["status"] == "accepted" for line in order["lines"]]
    order["status"] = "completed" if all(accepted) else "partially_completed" if any(accepted) else "rejected"
    tell(pages, f"order.{order['status']}", "order", order["id"])
    return pages.put("order", order)


def cancel(pages: Pages, order: Document) -> Document:
    """Withdraw an order that is still pending."""
    if order["status"] != "pending":
        raise No(409, "order_not_pending", f"The order is {order['status']} already.")
    order["status"] = "canceled"
    tell(pages, "order.canceled", "order", order["id"])
    return pages.put("order", order)


def shown(order: Document) -> Document:
    """An order as the outside sees it."""
    hidden = {"due_at", "partial"}
    answer = {name: value for name, value in order.items() if name not in hidden}
    return answer | ({"retry_after": 1} if order["status"] == "pending" else {"retry_after": None})
