"""A provider that speaks Open Service Broker 2.17: each subscription is one service instance under our own id.

A broker knows plans and parameters, and neither dates nor prices of what runs: the units are a parameter, the term, its
end and its renewal are kept by us. It is asked again without harm, as an instance is made, and ended, by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from domains.kernel import cache
from domains.kernel.errors import NotFound, Refused

from . import osb_words as words
from .answers import Busy, NotSupported, meaning
from .border import LAST_MOMENT
from .capabilities import Capabilities
from .facts import (
    CatalogueOffer,
    ChangePolicy,
    Customer,
    HeldSubscription,
    MadeChange,
    MonthLine,
    PlacedLine,
    PlacedOrder,
    Refusal,
    Returnable,
    User,
)
from .gate import Gate
from .news import ChangesPage, Hint
from .wire import Answer, Wire

BUSY_FOR = 5.0  # seconds until we ask again how far it is, where the broker does not say


@dataclass(frozen=True)
class _Step:
    """How far a write of one instance is: done, at work (ask again after `wait`), or failed for a reason."""

    state: str
    wait: float | None = None
    why: Refusal | None = None


class OsbProvider:
    """The provider port, spoken to an Open Service Broker."""

    def __init__(
        self, url: str, client_id: str, client_secret: str, timeout: float, *, key: str, gate: Gate | None = None
    ) -> None:
        self.key = key
        self._wire = Wire(url, client_id, client_secret, timeout, no=words.no_of_broker, token_url=None, gate=gate)
        self._operations: dict[str, str] = {}  # the broker's names of what is under way, by instance

    def capabilities(self) -> Capabilities:
        """Units, another plan and the end; no lists, prices, suspension or dates, which are not in the protocol."""
        return Capabilities(
            changes=frozenset({"change_quantity", "change_plan", "cancel"}), extend="platform", places_in_part=True,
            platform_managed=frozenset({"dates", "expiry", "renewal"}),
        )  # fmt: skip

    def list_offers(self) -> list[CatalogueOffer]:
        """Every plan that can be looked at afterwards, at the monthly or yearly costs of its metadata."""
        return words.offers_of(self._catalogue())

    def ensure_customer(self, reference: UUID, *, name: str, country: str, region: str, email: str) -> Customer:
        """A broker knows no tenants: our reference goes along with each order."""
        return Customer(str(reference), str(reference), name, country, "", "active")

    def ensure_user(self, customer: UUID, reference: UUID, *, email: str, display_name: str) -> User:
        raise _not_supported("users")

    def place_order(self, operation_id: UUID, order: dict[str, Any]) -> PlacedOrder:
        """Make an instance for each line. What has failed for good is deleted, once no line is at work any more."""
        steps = {line["reference"]: self._provision(operation_id, order, line) for line in order["lines"]}
        waits = [step.wait or BUSY_FOR for step in steps.values() if step.state == "at work"]
        if not waits:
            for line in order["lines"]:
                if steps[line["reference"]].state == "failed":
                    self._mitigate(operation_id, line)
        lines = tuple(_placed(reference, step) for reference, step in steps.items())
        return _order(order["reference"], lines, min(waits) if waits else None)

    def find_order(self, reference: UUID, order: dict[str, Any] | None = None) -> PlacedOrder | None:
        """The order, if all its instances are there; else None: asking again goes on with what was begun."""
        if order is None:
            return None
        for line in order["lines"]:
            if self._instance(line["reference"]) is None:
                return None
        done = tuple(_placed(line["reference"], _Step("done")) for line in order["lines"])
        return _order(str(reference), done, None)

    def get_subscription(self, subscription_id: str) -> HeldSubscription | None:
        """An instance as it stands; None when the broker does not know it. Busy while it is being changed."""
        found = self._instance(subscription_id)
        return words.held(subscription_id, found) if found is not None else None

    def list_subscriptions(self, customer: UUID) -> list[HeldSubscription]:
        raise _not_supported("list_subscriptions")

    def list_changes_since(self, cursor: str | None) -> ChangesPage:
        raise _not_supported("list_changes_since")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[Hint, ...]:
        raise _not_supported("webhooks")

    def get_policy(self, subscription_id: str) -> ChangePolicy:
        """Units within the plan's schema, up and down, where the plan takes changes; an end at any time."""
        found = self._instance(subscription_id)
        if found is None:
            raise NotFound("The provider does not know this.", code="instance_unknown")
        plan = self._plan(found)
        least, most = words.quantities(plan) if plan else (1, None)
        changes = plan is not None and words.takes_quantity(plan, "update")
        quantity = words.held(subscription_id, found).quantity
        return ChangePolicy(
            can_increase=changes, min_quantity=least, max_quantity=most, cancel_until=LAST_MOMENT,
            returnable=(Returnable(quantity, LAST_MOMENT),) if changes else (),
            reasons={} if changes else {"decrease": Refusal("not_supported"), "increase": Refusal("not_supported")},
        )  # fmt: skip

    def make_change(self, operation_id: UUID, subscription_id: str, change: dict[str, Any]) -> MadeChange:
        """Change the units or the plan, or end the instance; anything else is not in the protocol."""
        if not self.capabilities().takes(change):
            raise _not_supported(change["kind"])
        found = self._instance(subscription_id)
        if change["kind"] == "cancel":
            return self._made(subscription_id, change, self._deprovision(operation_id, subscription_id, found))
        if found is None:
            raise NotFound("The provider does not know this.", code="instance_unknown")
        body = {"service_id": found.service_id, "previous_values": {"plan_id": found.plan_id}, **_asked(found, change)}
        answer = self._ask("PATCH", subscription_id, operation_id, json=body)
        return self._made(subscription_id, change, self._followed(subscription_id, answer, found))

    def find_change(
        self, reference: UUID, subscription_id: str | None = None, change: dict[str, Any] | None = None
    ) -> MadeChange | None:
        """Whether the instance is as a change wanted it, or the change has failed; None when neither can be seen."""
        if subscription_id is None or change is None:
            return None
        operation = self._remembered(subscription_id)
        if operation is not None:
            step = self._last(subscription_id, operation, None)
            if step.state != "done":
                return self._made(subscription_id, change, step)
        found = self._instance(subscription_id)
        there = found is None if change["kind"] == "cancel" else found is not None and _is_as(found, change)
        return self._made(subscription_id, change, _Step("done")) if there else None

    def list_month_lines(self, month: date) -> list[MonthLine]:
        raise _not_supported("costs")

    # ---- the protocol

    def _catalogue(self) -> words.Catalogue:
        return self._wire.answered("GET", "/v2/catalog", words.Catalogue, headers=words.headers(None)).said

    def _plan(self, instance: words.Instance) -> words.Plan | None:
        services = [one for one in self._catalogue().services if one.id == instance.service_id]
        return next((plan for one in services for plan in one.plans if plan.id == instance.plan_id), None)

    def _instance(self, instance_id: str) -> words.Instance | None:
        try:
            return self._wire.answered("GET", words.path(instance_id), words.Instance, headers=words.headers(None)).said
        except NotFound:
            return None

    def _provision(self, operation_id: UUID, order: dict[str, Any], line: dict[str, Any]) -> _Step:
        service_id, _, plan_id = line["offer_id"].partition("/")
        body = {
            "service_id": service_id, "plan_id": plan_id, "organization_guid": order["customer"],
            "space_guid": order["customer"], "context": {"platform": "cloud-sales-system"},
        }  # fmt: skip
        if line["quantity"] != 1:
            body["parameters"] = {"quantity": line["quantity"]}
        try:
            answer = self._ask("PUT", line["reference"], operation_id, json=body)
        except Busy as busy:
            return _Step("at work", busy.retry_after)
        except Refused as no:
            return _Step("refused", why=Refusal(no.code, str(no.detail)))
        return self._followed(line["reference"], answer, words.Instance(service_id, plan_id))

    def _deprovision(self, operation_id: UUID, instance_id: str, found: words.Instance | None) -> _Step:
        if found is None:
            return _Step("done")
        query = {"service_id": found.service_id, "plan_id": found.plan_id}
        try:
            answer = self._ask("DELETE", instance_id, operation_id, params=query)
        except NotFound:  # 410: it is gone, as we wanted
            return _Step("done")
        return self._followed(instance_id, answer, found)

    def _mitigate(self, operation_id: UUID, line: dict[str, Any]) -> None:
        """Delete what a broker has left of an instance that has failed for good; nobody waits for it."""
        service_id, _, plan_id = line["offer_id"].partition("/")
        self._deprovision(operation_id, line["reference"], words.Instance(service_id, plan_id))

    def _ask(self, method: str, instance_id: str, operation_id: UUID, **options: Any) -> Answer[words.Accepted]:
        query = {"accepts_incomplete": "true", **options.pop("params", {})}
        sent = {"headers": words.headers(operation_id), "params": query, **options}
        return self._wire.answered(method, words.path(instance_id), words.Accepted, **sent)

    def _followed(self, instance_id: str, answer: Answer[words.Accepted], about: words.Instance) -> _Step:
        """What a yes means: done, or at work, as one look at the operation tells."""
        if answer.status != 202:
            return _Step("done")
        if answer.said.operation is not None:
            self._operations[instance_id] = answer.said.operation
            cache.put(self._memory(instance_id), answer.said.operation.encode())
        return self._last(instance_id, answer.said.operation, about)

    def _last(self, instance_id: str, operation: str | None, about: words.Instance | None) -> _Step:
        query = {
            "operation": operation,
            **({"service_id": about.service_id, "plan_id": about.plan_id} if about else {}),
        }
        sent = {name: value for name, value in query.items() if value is not None}
        path = f"{words.path(instance_id)}/last_operation"
        try:
            answer = self._wire.answered("GET", path, words.LastOperation, headers=words.headers(None), params=sent)
        except NotFound:  # 410: what was to be deleted is gone
            return _Step("done")
        if answer.said.state not in ("failed", "succeeded"):
            return _Step("at work", answer.wait or BUSY_FOR)
        self._operations.pop(instance_id, None)
        cache.put(self._memory(instance_id), b"")
        failed = answer.said.state == "failed"
        return _Step("failed", why=Refusal("operation_failed", answer.said.description)) if failed else _Step("done")

    def _memory(self, instance_id: str) -> str:
        return f"osb:{self.key}:{instance_id}"

    def _remembered(self, instance_id: str) -> str | None:
        found = self._operations.get(instance_id) or (cache.get(self._memory(instance_id)) or b"").decode()
        return found or None

    def _made(self, instance_id: str, change: dict[str, Any], step: _Step) -> MadeChange:
        status = {"done": "succeeded", "failed": "failed"}.get(step.state, "pending")
        over = None
        if change["kind"] == "cancel" and status == "succeeded":
            over = HeldSubscription(instance_id, instance_id, 0, "canceled", None, None)
        return MadeChange(
            id=change["reference"], reference=change["reference"], subscription_id=instance_id, status=status,
            error=step.why, retry_after=step.wait, subscription=over,
        )  # fmt: skip


def _not_supported(what: str) -> Exception:
    return meaning(NotSupported, "not_supported", f"an Open Service Broker has no {what}")


def _asked(found: words.Instance, change: dict[str, Any]) -> dict[str, Any]:
    """What a change asks of the broker."""
    asked: dict[str, Any] = {}
    if change["kind"] == "change_plan":
        service_id, _, plan_id = str(change["offer_id"]).partition("/")
        if service_id != found.service_id:
            raise _not_supported("way from one service to another")
        asked["plan_id"] = plan_id
    if change.get("quantity") is not None:
        asked["parameters"] = {**(found.parameters or {}), "quantity": change["quantity"]}
    return asked


def _is_as(found: words.Instance, change: dict[str, Any]) -> bool:
    asked = _asked(found, change)
    quantity = asked.get("parameters", {}).get("quantity")
    units = quantity is None or words.held("", found).quantity == quantity
    return units and bool(asked.get("plan_id", found.plan_id) == found.plan_id)


def _placed(reference: str, step: _Step) -> PlacedLine:
    if step.state == "done":
        return PlacedLine(reference, "accepted", reference)
    return PlacedLine(reference, "pending" if step.state == "at work" else "rejected", None, step.why)


def _order(reference: str, lines: tuple[PlacedLine, ...], wait: float | None) -> PlacedOrder:
    said = {line.status for line in lines}
    status = "pending" if wait else "completed" if said == {"accepted"} else "partially_completed"
    if not wait and "accepted" not in said:
        status = "rejected"
    error = next((line.error for line in lines if line.error), None) if status == "rejected" else None
    return PlacedOrder(reference, reference, status, lines, wait, error)
