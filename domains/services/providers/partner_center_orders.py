"""What becomes of a cart in Partner Center: orders, of which some lines may be at work, and errors of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .facts import PlacedLine, PlacedOrder, Refusal
from .partner_center_words import Checkout

POLL = 10.0  # seconds until we ask again, where it does not say
Raw = dict[str, Any]


def lines_of(made: Raw) -> list[Raw]:
    """The lines of an order over there."""
    return [line for line in made.get("lineItems") or [] if isinstance(line, dict)]


def placed(customer_id: str, made: Raw, line: Raw) -> PlacedLine:
    """A line that is ordered: at work until its subscription has an id."""
    reference = str(line.get("friendlyName"))
    if made.get("status") == "cancelled":
        return PlacedLine(reference, "canceled", None, Refusal("canceled"))
    own = line.get("subscriptionId")
    return PlacedLine(reference, "accepted" if own else "pending", f"{customer_id}/{own}" if own else None)


def checked_out(customer_id: str, done: Checkout, items: list[Raw]) -> dict[str, PlacedLine]:
    """What a checkout says of the lines of its cart: ordered, or refused by itself."""
    found = {
        str(line.get("friendlyName")): placed(customer_id, made, line)
        for made in done.orders or ()
        for line in lines_of(made)
    }
    groups = {item["orderGroup"]: item["friendlyName"] for item in items}
    for error in done.errors or ():
        name = groups.get(str(error.get("orderGroupId")))
        if name is not None:
            reason = Refusal(f"pc_{error.get('code')}", str(error.get("description") or ""))
            found[name] = PlacedLine(name, "rejected", None, reason)
    return found


def order_of(order: Raw, order_id: str, lines: Mapping[str, PlacedLine]) -> PlacedOrder:
    """The order as its lines stand; one that nothing was said of is at work."""
    every = tuple(lines.get(line["reference"], PlacedLine(line["reference"], "pending")) for line in order["lines"])
    said = {line.status for line in every}
    if "pending" in said:
        return PlacedOrder(order_id, order["reference"], "pending", every, POLL)
    if "accepted" not in said:
        error = next((line.error for line in every if line.error), None)
        return PlacedOrder(order_id, order["reference"], "rejected", every, None, error)
    status = "completed" if said == {"accepted"} else "partially_completed"
    return PlacedOrder(order_id, order["reference"], status, every)
