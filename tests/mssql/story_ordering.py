"""What comes before an order, once each: limits, approvals, a cart, a quote, an order for a later day."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask

from domains import services
from domains.kernel import clock
from domains.kernel.database import new_id
from domains.kernel.errors import DomainError
from domains.kernel.tenancy import Actor, Scope
from domains.services import commands
from domains.services import queries as sold
from domains.services.models import AccountRef
from domains.users import commands as user_commands
from domains.users import db as users_db
from domains.users.policy import ROLE_SCOPES
from saga import bulk_rows, schedules, signals
from saga.transports import inline
from tests.api.program import Program, a_caller
from tests.factories.services import EVERYBODY


def order_in_every_way(app: Flask, transport: inline.Transport) -> None:
    """Ask for approvals and decide them, fill and empty carts, make quotes, order for a later day."""
    with services.db.begin_read() as session:
        account = session.query(AccountRef).filter_by(status="active").first()
        assert account is not None
        day = clock.now(session).date() + timedelta(days=30)
    program = Program(app, _somebody(account.customer_id, "ERP"))
    offers = program.get(f"/offers?account_id={account.id}&limit=200").json["items"]
    line = {"offer_id": next(one["id"] for one in offers if one["kind"] == "seat"), "quantity": 5}
    wish: dict[str, Any] = {"account_id": str(account.id), "lines": [line]}
    _decided(app, transport, program, account, wish)
    _asked_together(app, transport, program, account)
    _carts_and_quotes(program, wish)
    program.post("/orders", wish | {"starts_on": f"{day}"})
    transport.run_until_quiet()
    signals.signal_waiting(account.customer_id)
    transport.run_until_quiet()
    _told()


def _somebody(customer_id: UUID, name: str) -> Any:
    return a_caller(customer_id, actor=Actor("client", f"eu-{name}", name), scopes=ROLE_SCOPES["owner"])


def _decided(app: Flask, transport: inline.Transport, erp: Program, account: AccountRef, wish: dict[str, Any]) -> None:
    other = Program(app, _somebody(account.customer_id, "Controlling"))
    limit = {"role": "client", "limit": {"amount": "1.00", "currency": account.currency}}
    for verb, body in (("approve", {}), ("reject", {"reason": "x"}), ("delegate", {"to": "x@x.example"})):
        erp.post("/approval-limits", limit)
        erp.post("/orders", wish)
        transport.run_until_quiet()
        erp.post("/approval-limits", limit | {"limit": None})
        request = erp.get(f"/approvals?state=open&account_id={account.id}&customer_id={account.customer_id}&limit=1")
        at = f"/approvals/{request.json['items'][0]['id']}"
        erp.get(at)
        other.post(f"{at}/{verb}", body)
        transport.run_until_quiet()
    rule = {"preview_above": {"amount": "90000.00", "currency": account.currency}, "approval_days": 3}
    for one in (rule, rule | {"approval_days": 4}):
        erp.post("/ordering-rules", one)
    with services.db.begin() as session:
        sold.approval_for(session, EVERYBODY, new_id(), erp.caller)  # type: ignore[arg-type]


def _asked_together(app: Flask, transport: inline.Transport, erp: Program, account: AccountRef) -> None:
    """A bulk plan and a change of plan that wait for a yes, in an account that asks beyond its budget."""
    other = Program(app, _somebody(account.customer_id, "Controlling"))
    schedules.begin_standings("now")
    seats = erp.get(f"/subscriptions?account_id={account.id}&state=active&limit=1").json["items"]
    limit = {"role": "client", "limit": {"amount": "0.01", "currency": account.currency}}
    erp.post("/approval-limits", limit)
    rows = [
        {"subscription": one["id"], "action": "change_quantity", "value": f"{one['quantity'] + 1}"} for one in seats
    ]
    for verb in ("reject", "approve"):
        plan = erp.post("/bulk-plans", {"rows": rows}).json
        erp.post(f"/bulk-plans/{plan['id']}/apply", {"digest": plan["digest"]})
        transport.run_until_quiet()
        waits = erp.get("/approvals?state=open&limit=1").json["items"]
        erp.post("/approval-limits", limit | {"limit": None})
        for one in waits:
            other.post(f"/approvals/{one['id']}/{verb}", {"reason": "x"})
        erp.post("/approval-limits", limit)
        transport.run_until_quiet()
    bulk_rows.work_off("now")
    erp.post("/approval-limits", limit | {"limit": None})
    transport.run_until_quiet()


def _carts_and_quotes(program: Program, wish: dict[str, Any]) -> None:
    cart = f"/carts/{program.post('/carts', {'account_id': wish['account_id']}).json['id']}"
    line = program.post(f"{cart}/lines", wish["lines"][0]).json["lines"][0]["id"]
    program.patch(f"{cart}/lines/{line}", {"quantity": 6}, If_Match="*")
    program.patch(cart, {"po_reference": "x"}, If_Match="*")
    promise = program.post(f"{cart}/preview", {}).json["id"]
    program.post(f"{cart}/order", {"preview_id": promise})
    program.delete(f"{cart}/lines/{line}", If_Match="*")
    program.post(f"{cart}/empty", {})
    orders = program.get("/orders?limit=1").json["items"]
    program.post("/carts/refill", {"order_id": orders[0]["id"]})
    program.get(f"/carts?account_id={wish['account_id']}&limit=1")
    quote = f"/quotes/{program.post('/quotes', wish).json['id']}"
    for path, body in (("send", {}), ("accept", {}), ("decline", {})):
        program.post(f"{quote}/{path}", body)
    for state in ("draft", "accepted", "expired"):
        program.get(f"/quotes?state={state}&account_id={wish['account_id']}&customer_id={new_id()}")
    with services.db.begin() as session:
        sold.account_with_cart(session, EVERYBODY)
        sold.cart_of_account(session, EVERYBODY, UUID(wish["account_id"]))
        with suppress(DomainError):
            commands.preview_cart(session, scope=Scope.customer(new_id()), cart_id=new_id(), role="")


def _told() -> None:
    """Letters to those who are at the customer, and to nobody else."""
    facts: dict[str, Any] = {"customer_id": new_id(), "label": "x", "account_name": "x", "user_id": new_id()}
    with users_db.begin() as session:
        user_commands.tell_decision(
            session, approval_id=new_id(), state="approved", decided_by="x", reason="", **facts
        )  # fmt: skip
