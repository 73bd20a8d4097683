"""Programs do everything through the API alone, over the real sagas and the real sandbox provider."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from domains.kernel.tenancy import Scope
from domains.services.exchanges import sync_catalogue
from saga import transports
from saga.transports import inline
from tests.sandboxes import Sandbox

from .program import Program, a_caller
from .test_customers import WISH

pytestmark = pytest.mark.slow

HOST = "http://localhost:8000/api/v1"


@pytest.fixture
def transport(sandbox: Sandbox) -> Iterator[inline.Transport]:
    for name in ("accounts", "billing", "services", "support", "users"):
        import_module(f"domains.{name}.reactions")
    sync_catalogue()
    made = inline.Transport()
    with transports.using(made):
        yield made


class Client(Program):
    """A program that follows what it has started to its end."""

    def __init__(self, app: Flask, transport: inline.Transport, *who: Any, **but: Any) -> None:
        super().__init__(app, a_caller(*who, **but))
        self.transport = transport

    def follow(self, path: str, body: Any) -> dict[str, Any]:
        """Ask for something; gives its operation when it has ended."""
        accepted = self.post(path, body)
        assert accepted.status_code == 202, accepted.text
        self.transport.run_until_quiet()
        ended: dict[str, Any] = self.get(accepted.headers["Operation-Location"].removeprefix(HOST)).json
        return ended

    def do(self, path: str, body: Any) -> dict[str, Any]:
        """Ask for something that succeeds; gives what came of it."""
        operation = self.follow(path, body)
        assert (operation["status"], operation["percent_complete"]) == ("succeeded", 100), operation
        assert {step["status"] for step in operation["steps"]} == {"done"}
        made: dict[str, Any] = self.get(operation["resource_url"].removeprefix(HOST)).json
        return made


def an_end_customer(app: Flask, transport: inline.Transport) -> tuple[Client, Client, dict[str, Any]]:
    """A reseller, its new end-customer, and the account that the reseller has opened for it."""
    operator = Client(app, transport, kind="operator", scope=Scope.operator())
    wingtip = operator.do("/customers", WISH | {"kind": "reseller", "name": "Wingtip Cloud"})
    reseller = Client(app, transport, UUID(wingtip["id"]), "reseller")
    coffee = reseller.do("/customers", WISH | {"owner_email": "else@fourthcoffee.example"})
    budget = {"amount": "5000.00", "currency": "EUR"}
    account = reseller.do("/accounts", {"name": "Roastery", "customer_id": coffee["id"], "budget": budget})
    assert (coffee["status"], account["status"]) == ("active", "active")
    return reseller, Client(app, transport, UUID(coffee["id"]), "end_customer"), account


def ordered(customer: Client, account: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Five seats, ordered at the price that a preview has promised: the preview and the order."""
    offers = customer.get(f"/offers?account_id={account['id']}&term=P1Y&billing_cycle=monthly").json["items"]
    offer = next(one for one in offers if one["kind"] == "seat" and one["term"] == "P1Y" and not one["available_from"])
    wish = {"account_id": account["id"], "lines": [{"offer_id": offer["id"], "quantity": 5}], "po_reference": "PO-1"}
    preview = customer.post("/orders/preview", wish).json
    return preview, customer.do("/orders", wish | {"preview_id": preview["id"]})


def test_an_end_customer_orders_what_it_was_promised(app: Flask, transport: inline.Transport) -> None:
    _, customer, account = an_end_customer(app, transport)

    preview, order = ordered(customer, account)
    subscription = customer.get(f"/subscriptions/{order['lines'][0]['subscription_id']}").json

    assert (order["state"], order["charge_now"]) == ("completed", preview["charge_now"])
    assert (subscription["state"], subscription["quantity"]) == ("active", 5)
    assert customer.get(f"/accounts/{account['id']}/ccp-user").json["status"] == "active"
    assert customer.get("/charges").json["items"][0]["amount"] == preview["charge_now"]


def test_a_subscription_is_changed_and_cancelled_by_the_customer_and_its_reseller(
    app: Flask, transport: inline.Transport
) -> None:
    reseller, customer, account = an_end_customer(app, transport)
    _, order = ordered(customer, account)
    path = f"/subscriptions/{order['lines'][0]['subscription_id']}"

    more = customer.do(f"{path}/change-quantity", {"quantity": 8})
    fewer = reseller.do(f"{path}/change-quantity", {"quantity": 6})
    ended = customer.do(f"{path}/cancel", {"mode": "now"})

    assert (more["quantity"], fewer["quantity"], ended["state"]) == (8, 6, "canceled")
    charges = customer.get("/charges").json["items"]
    assert [charge["kind"] for charge in charges] == ["cancel", "change_quantity", "change_quantity", "activation"]
    costs = reseller.get(f"/costs?account_id={account['id']}&months=1").json["currencies"][0]["months"][0]["amount"]
    assert Decimal(costs["amount"]) == sum(Decimal(charge["amount"]["amount"]) for charge in charges)
    case = {"subject": "Why", "description": "…", "links": [{"kind": "order", "id": order["id"]}]}
    assert customer.post("/cases", case).json["links"][0]["label"] == order["number"]


def test_a_subscription_is_planned_paused_and_becomes_another_plan(app: Flask, transport: inline.Transport) -> None:
    operator = Client(app, transport, kind="operator", scope=Scope.operator())
    wish = WISH | {"kind": "direct", "name": "Planner", "owner_email": "o@planner.example"}
    planner = operator.do("/customers", wish)
    customer = Client(app, transport, UUID(planner["id"]))
    _, order = ordered(customer, customer.do("/accounts", {"name": "Plans"}))
    path = f"/subscriptions/{order['lines'][0]['subscription_id']}"
    other = next(one for one in customer.get(f"{path}/scheduled-change").json["plans"] if one["term"] == "P3Y")
    wish = {"offer_id": other["offer_id"], "term": "P3Y", "billing_cycle": other["billing_cycle"], "quantity": 7}
    headers = {"Idempotency-Key": "plan-it", "If-Match": "*"}

    asked = customer.ask("PUT", f"{path}/scheduled-change", wish, headers)
    transport.run_until_quiet()
    planned = customer.get(path).json["next_term"]
    paused = customer.do(f"{path}/suspend", {})
    resumed = customer.do(f"{path}/resume", {})
    plan = customer.get(f"{path}/plans").json["items"][-1]
    changed = customer.do(f"{path}/change-plan", {name: plan[name] for name in ("offer_id", "term", "billing_cycle")})

    assert (asked.status_code, planned["quantity"], planned["term"]) == (202, 7, "P3Y")
    assert (paused["state"], paused["next_term"], resumed["state"]) == ("suspended", None, "active")
    assert (changed["term"], changed["unit_price"]) == (plan["term"], plan["unit_price"])
    charges = customer.get("/charges").json["items"]
    assert sorted(charge["kind"] for charge in charges) == ["activation", "change_plan", "change_plan"]
    assert customer.get(f"{path}/co-terms").json["items"] == customer.get(f"{path}/add-ons").json["items"] == []


def test_an_order_over_the_budget_is_taken_back_with_the_reason(app: Flask, transport: inline.Transport) -> None:
    operator = Client(app, transport, kind="operator", scope=Scope.operator())
    northwind = operator.do("/customers", WISH | {"kind": "direct"})
    customer = Client(app, transport, UUID(northwind["id"]))
    account = customer.do("/accounts", {"name": "HQ", "budget": {"amount": "1.00", "currency": "EUR"}})
    offer = next(one for one in customer.get("/offers").json["items"] if one["kind"] == "seat")

    wish = {"account_id": account["id"], "lines": [{"offer_id": offer["id"], "quantity": 5}]}
    operation = customer.follow("/orders", wish)
    order = customer.get(f"/orders/{operation['resource_id']}").json

    assert (operation["status"], operation["error"]["code"]) == ("failed", "budget_exceeded")
    assert [step["status"] for step in operation["steps"][:3]] == ["undone", "refused", "not_reached"]
    assert order["state"] == "failed"
    assert customer.get("/charges").json["items"] == []


def test_while_the_provider_is_at_work_its_turn_is_shown(
    app: Flask, transport: inline.Transport, sandbox: Sandbox
) -> None:
    operator = Client(app, transport, kind="operator", scope=Scope.operator())
    customer = Client(app, transport, UUID(operator.do("/customers", WISH | {"kind": "direct"})["id"]))
    account = customer.do("/accounts", {"name": "HQ"})
    offer = next(one for one in customer.get("/offers").json["items"] if one["kind"] == "seat")
    sandbox.control("PUT", "settings", order_seconds=600, change_seconds=0)

    wish = {"account_id": account["id"], "lines": [{"offer_id": offer["id"], "quantity": 5}]}
    operation = customer.follow("/orders", wish)

    assert (operation["status"], operation["waiting_for"]) == ("running", "provider")
    waiting = next(step for step in operation["steps"] if step["status"] == "waiting")
    assert (waiting["name"], waiting["ended_at"]) == ("services.send_order", None)
    assert customer.get(f"/orders/{operation['resource_id']}").json["state"] == "at_provider"
    assert customer.get("/operations?active=true").json["items"][0]["id"] == operation["id"]
