"""The rules of new commerce, as Partner Center keeps them: windows, refundable seats, versions, what a PATCH resets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

Raw = dict[str, Any]
WINDOW = timedelta(days=7)
MOST = 300
KEPT = ("autoRenewEnabled", "scheduledNextTermInstructions")  # what is left out of a PATCH is reset


class No(Exception):
    """A no, with its code."""

    def __init__(self, status: int, code: int, description: str) -> None:
        super().__init__(description)
        self.status, self.body = status, {"code": code, "description": description, "data": [], "source": "Simulator"}


@dataclass
class World:
    """All that the simulator holds."""

    customers: dict[str, Raw] = field(default_factory=dict)
    carts: dict[str, Raw] = field(default_factory=dict)
    orders: dict[str, Raw] = field(default_factory=dict)
    subscriptions: dict[str, Raw] = field(default_factory=dict)
    batches: dict[str, list[tuple[int, datetime]]] = field(default_factory=dict)
    requests: dict[str, tuple[str, Any]] = field(default_factory=dict)
    audit: list[Raw] = field(default_factory=list)
    pending: dict[str, tuple[int, Raw]] = field(default_factory=dict)  # looks that are left, and what comes of it
    ahead: timedelta = timedelta()
    looks: int = 0
    refused: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) + self.ahead


world = World()


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def made(customer_id: str, line: Raw, order_id: str) -> Raw:
    """A new subscription of a line of an order."""
    now = world.now()
    found = {
        "id": str(uuid4()), "offerId": line["catalogItemId"], "offerName": "Contoso 365 E3",
        "friendlyName": line["friendlyName"], "quantity": line["quantity"], "unitType": "Licenses",
        "parentSubscriptionId": None, "creationDate": stamp(now), "effectiveStartDate": stamp(now),
        "commitmentEndDate": stamp(now.replace(hour=0, minute=0, second=0) + timedelta(days=364)),
        "status": "active", "autoRenewEnabled": True, "billingType": "license", "billingCycle": line["billingCycle"],
        "termDuration": line["termDuration"], "isTrial": False, "contractType": "subscription", "orderId": order_id,
        "scheduledNextTermInstructions": None, "cancellationAllowedUntilDate": stamp(now + WINDOW),
        "customer": customer_id,
    }  # fmt: skip
    world.subscriptions[found["id"]] = found
    world.batches[found["id"]] = [(line["quantity"], now + WINDOW)]
    told(found, "created")
    return found


def told(found: Raw, verb: str) -> None:
    """Raise the version, and keep a record of what has happened."""
    found["attributes"] = {"etag": f'"{uuid4().hex}"', "objectType": "Subscription"}
    value = f'{{"id": "{found["id"]}"}}'
    world.audit.append({
        "customerId": found["customer"], "resourceType": "subscription", "operationType": f"{verb}_subscription",
        "resourceNewValue": value, "operationDate": stamp(world.now()), "operationStatus": "succeeded",
    })  # fmt: skip


def shown(found: Raw) -> Raw:
    """A subscription as the outside sees it."""
    open_ = [(count, until) for count, until in world.batches[found["id"]] if until >= world.now()]
    details = [{"quantity": count, "allowedUntilDateTime": stamp(until)} for count, until in open_]
    refundable = {"totalQuantity": sum(count for count, _ in open_), "details": details}
    return {name: value for name, value in found.items() if name != "customer"} | {"refundableQuantity": refundable}


def patched(found: Raw, said: Raw, version: str | None) -> Raw:
    """A subscription as a PATCH wants it. Checks what may be, and resets what was left out."""
    if version is None:
        raise No(400, 3000, "If-Match is missing.")
    if version != found["attributes"]["etag"]:
        raise No(412, 2055, "The ETag is stale.")
    if found["id"] in world.pending:
        raise No(409, 900278, "There is a pending operation on the subscription.")
    if found["status"] == "deleted":
        raise No(400, 2011, "A deleted subscription cannot be updated.")
    after = found | {name: said[name] for name in said if name in found and name not in ("id", "attributes")}
    after |= {name: None if name.startswith("sched") else False for name in KEPT if name not in said}
    _check(found, after)
    return after


def _check(found: Raw, after: Raw) -> None:
    more = after["quantity"] - found["quantity"]
    if more and found["status"] == "suspended":
        raise No(400, 800091, "The subscription is suspended.")
    if after["quantity"] > MOST:
        raise No(400, 800067, f"At most {MOST} seats.")
    if after["quantity"] < 1:
        raise No(400, 2002, "The quantity is out of range.")
    open_ = sum(count for count, until in world.batches[found["id"]] if until >= world.now())
    if -more > open_:
        raise No(400, 800090, "The quantity cannot be decreased before the renewal.")
    if after["status"] == "deleted":
        until = datetime.fromisoformat(found["cancellationAllowedUntilDate"].replace("Z", "+00:00"))
        if until < world.now():
            raise No(400, 900117, "The cancellation window has passed.")
    if after["scheduledNextTermInstructions"] and not after["autoRenewEnabled"]:
        raise No(400, 800093, "The subscription is not renewed by itself.")


def settle(found: Raw, after: Raw) -> None:
    """Make a checked change: seats that come are a batch of their own, those that go are of the newest ones."""
    more, batches = after["quantity"] - found["quantity"], world.batches[found["id"]]
    if more > 0:
        batches.append((more, world.now() + WINDOW))
    while more < 0:
        count, until = batches.pop()
        if count > -more:
            batches.append((count + more, until))
        more = min(more + count, 0)
    if more or after["quantity"] != found["quantity"] or after["status"] != found["status"]:
        after["scheduledNextTermInstructions"] = None  # a change in the middle of a term deletes them
    found.update(after)
    told(found, "update")
