"""The three adapters, each before a provider of its own, set up so that one contract can be held against all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.endpoints import Endpoint
from domains.services.providers.osb import OsbProvider
from domains.services.providers.partner_center import PartnerCenterProvider
from domains.services.providers.port import Provider
from domains.services.providers.sandbox import SandboxProvider
from tests.brokered import SECRET, Controlled
from tests.sandboxes import Sandbox

TIMEOUT = 1.0
PRODUCT = "CFQ7TTC0LF8Q:0001"


@dataclass
class Stage:
    """A provider with a customer, something that it sells, and what a test can do behind its back."""

    provider: Provider
    stranger: Provider  # the same with a wrong secret
    offer: str
    term: str
    currency: str
    over: int  # more units than it sells
    fault: Callable[..., None]  # the next call gets a status; with after=True it is done all the same; 0: silence
    slow: Callable[[], None]  # from now on it takes a while
    look_on: Callable[[], None]  # that while passes
    refuse_second: Callable[[dict[str, Any]], None]  # of an order's lines
    set_state: Callable[[str, str], None] | None  # of a subscription, to any word
    act_directly: Callable[[str, int], None]  # another quantity, by the customer
    customer: UUID = field(default_factory=new_id)

    def line(self, quantity: int = 5) -> dict[str, Any]:
        return {"reference": str(new_id()), "offer_id": self.offer, "term": self.term, "billing_cycle": "monthly",
                "quantity": quantity}  # fmt: skip

    def order(self, *lines: dict[str, Any]) -> dict[str, Any]:
        return {"reference": str(new_id()), "customer": str(self.customer), "currency": self.currency,
                "lines": list(lines) or [self.line()]}  # fmt: skip

    def bought(self, quantity: int = 5) -> str:
        """The id of a subscription that runs."""
        placed = self.provider.place_order(new_id(), self.order(self.line(quantity)))
        assert placed.status == "completed", placed
        return placed.lines[0].subscription_id or ""

    def change(self, kind: str, **more: Any) -> dict[str, Any]:
        return {"reference": str(new_id()), "kind": kind, **more}


def _nothing() -> None:
    """Nothing has to pass by: looking is enough."""


def of_sandbox(sandbox: Sandbox) -> Iterator[Stage]:
    def fault(status: int, *, after: bool = False, **headers: str) -> None:
        kinds = {429: ("throttle", {"retry_after": 7}), 0: ("latency", {"seconds": 2})}
        kind, more = kinds.get(status, ("error_after_applying" if after else "error", {"status": status}))
        sandbox.fault("*", kind, count=1, **more)

    def direct(subscription_id: str, **more: Any) -> None:
        sandbox.control("POST", "direct", subscription_id=subscription_id, **more)

    made = [SandboxProvider(sandbox.url, "tests", secret, TIMEOUT, webhook_secret="w") for secret in (SECRET, "no")]
    yield Stage(
        made[0], made[1], "tailspin-analytics-pro", "P1Y", "EUR", 10_000, fault,
        slow=lambda: sandbox.control("PUT", "settings", order_seconds=20, change_seconds=20),
        look_on=lambda: sandbox.control("POST", "clock/advance", seconds=21),
        refuse_second=lambda order: sandbox.fault("place_order", "partial", match={"reference": order["reference"]}),
        set_state=lambda subscription_id, state: direct(subscription_id, kind="set_status", status=state),
        act_directly=lambda subscription_id, count: direct(subscription_id, kind="change_quantity", quantity=count),
    )  # fmt: skip


def of_broker(broker: Controlled) -> Iterator[Stage]:
    def refuse(order: dict[str, Any]) -> None:
        order["lines"][1]["quantity"] = 51

    def act(subscription_id: str, count: int) -> None:
        broker.control("PUT", f"parameters/{subscription_id}", {"quantity": count})

    made = [OsbProvider(broker.url, "tests", secret, TIMEOUT, key="osb") for secret in (SECRET, "no")]
    yield Stage(
        made[0], made[1], "svc-db/plan-small", "P1M", "USD", 51, _fault_of(broker),
        slow=lambda: broker.control("PUT", "settings", {"looks": 2}), look_on=_nothing, refuse_second=refuse,
        set_state=None, act_directly=act,
    )  # fmt: skip


def of_partner_center(simulator: Controlled) -> Iterator[Stage]:
    def refuse(order: dict[str, Any]) -> None:
        simulator.control("PUT", "settings", {"refused": [order["lines"][1]["reference"]]})

    def set_(subscription_id: str, **facts: Any) -> None:
        simulator.control("PUT", f"subscriptions/{subscription_id.partition('/')[2]}", facts)

    about = Endpoint("pc", "partner_center", simulator.url, token_url=f"{simulator.url}/token", scope="all")
    made = [PartnerCenterProvider(simulator.url, "tests", secret, TIMEOUT, endpoint=about) for secret in (SECRET, "no")]
    yield Stage(
        made[0], made[1], PRODUCT, "P1Y", "USD", 301, _fault_of(simulator),
        slow=lambda: simulator.control("PUT", "settings", {"looks": 2}), look_on=_nothing, refuse_second=refuse,
        set_state=lambda subscription_id, state: set_(subscription_id, status=state),
        act_directly=lambda subscription_id, count: set_(subscription_id, quantity=count),
    )  # fmt: skip


def _fault_of(server: Controlled) -> Callable[..., None]:
    def fault(status: int, *, after: bool = False) -> None:
        headers = {"Retry-After": "7"} if status == 429 else {}
        server.fault(status, after=after, headers=headers, body=json.dumps({"description": "a fault"}))

    return fault


STAGES = {"sandbox": of_sandbox, "osb": of_broker, "partner_center": of_partner_center}
SERVERS = {"sandbox": "sandbox", "osb": "broker", "partner_center": "partner_center"}
