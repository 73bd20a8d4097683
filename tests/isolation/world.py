"""A small world of tenants of the same shape, made through the real flows; each has a word that stands in all it owns.

Direct customers A and B; the resellers R and S; R's end-customers E and G, and S's end-customer F.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from api.spec import SCOPES
from domains import billing, services, users
from domains.accounts.models import db as accounts_db
from domains.kernel import clock
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.services.models import Offer
from domains.users import commands as user_commands
from domains.users import tokens
from domains.users.models import Membership
from saga.transports import inline
from tests.api.program import Program, a_caller
from tests.api.test_customers import WISH
from tests.api.test_whole_story import Client
from tests.factories.billing import draft, render
from tests.portal.visitor import Visitor

from .differing import differing
from .organisation import agreed, attached, organised, sealed, traced

ROOT = Path(__file__).parents[2]
PRO, CONNECTOR = "tailspin-analytics-pro", "tailspin-data-connector"
PASSWORD = "a long way to the northern wind"
EVERY_RIGHT = frozenset(SCOPES) | {"operate", "support:work", "users:write"}
REPLAYED = "the-key-of-everybody"  # each tenant sends its writes with it, too


@dataclass
class Tenant:
    """One tenant: how it is called, who acts for it, and the ids of what it owns, by kind."""

    name: str
    kind: str
    canary: str
    customer_id: UUID
    reseller_id: UUID | None = None
    ids: dict[str, str] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)  # of its lists, by their path
    person: Caller | None = None
    last_day: str = ""  # to which its subscription can be extended

    @property
    def limit(self) -> str:
        """What its buyers may order by themselves: an amount that no other tenant has."""
        return f"{700 + ord(self.name[0])}.37"

    @property
    def program(self) -> Caller:
        """A program of it with every right there is: what keeps it from others is its scope alone."""
        actor = Actor("client", f"eu-{self.customer_id}", f"ERP of {self.name}")
        known = {"actor": actor, "scopes": EVERY_RIGHT, "reseller_id": self.reseller_id, "customer_name": self.name}
        return a_caller(self.customer_id, self.kind, **known)

    @property
    def owner(self) -> Caller:
        """Its owner, signed in, with every right there is."""
        assert self.person is not None
        return replace(self.person, scopes=EVERY_RIGHT)

    @property
    def secrets(self) -> set[str]:
        """What no answer to a stranger may hold."""
        return {self.canary, self.limit, *self.ids.values()}


class World:
    """All tenants, the two doors, and what goes on behind them."""

    def __init__(self, api: Flask, portal: Flask, transport: inline.Transport) -> None:
        self.api, self.portal, self.transport = api, portal, transport
        self.operator = Client(api, transport, kind="operator", scope=Scope.operator())
        self.tenants: dict[str, Tenant] = {}

    def open(self, *names: str) -> World:
        """Make these tenants (all, unless some are named) and all that each owns."""
        wanted = names or ("A", "B", "R", "S", "E", "G", "F")
        for name in wanted:
            self.tenants[name] = self._onboarded(name)
        for tenant in self.tenants.values():
            self._signed_in(tenant)
            if tenant.kind != "reseller":
                self._furnished(tenant)
            organised(self, tenant)
            agreed(tenant)
        for tenant in self.tenants.values():
            if tenant.kind != "end_customer":
                self._invoiced(tenant)
        sealed(self)
        for tenant in self.tenants.values():
            traced(self, tenant)
        return self

    def _onboarded(self, name: str) -> Tenant:
        canary = f"canary{name.lower()}kzqx"
        kind = {"A": "direct", "B": "direct", "R": "reseller", "S": "reseller"}.get(name, "end_customer")
        reseller = self.tenants.get({"E": "R", "G": "R", "F": "S"}.get(name, ""))
        by = self.operator if reseller is None else Client(self.api, self.transport, reseller.customer_id, "reseller")
        wish = WISH | {
            "name": f"{canary} Traders", "legal_name": f"{canary} B.V.", "email": f"office@{canary}.example",
            "owner_email": f"owner@{canary}.example", "owner_name": f"Olga {canary}",
        }  # fmt: skip
        made = by.do("/customers", wish | ({} if reseller else {"kind": kind}))
        found = Tenant(name, kind, canary, UUID(made["id"]), reseller.customer_id if reseller else None)
        # in the place of a reseller goes another reseller, or what cannot be one
        found.ids |= {
            "customer": made["id"],
            "reseller": str(reseller.customer_id) if name == "F" and reseller else made["id"],
        }
        return found

    def _signed_in(self, tenant: Tenant) -> None:
        with users.db.begin_read() as session:
            query = select(Membership).where(Membership.customer_id == tenant.customer_id)
            member: Any = session.scalars(query).one()
        with users.db.begin() as session:
            user_commands.set_password(session, user_id=member.user_id, password=PASSWORD)
        email = f"owner@{tenant.canary}.example"
        token = tokens.sign_in(email=email, password=PASSWORD, ip="127.0.0.1", user_agent=tenant.canary).token
        tenant.person = tokens.caller_of_login(token)
        tenant.ids |= {"membership": str(member.id), "user": str(member.user_id)}

    def _furnished(self, tenant: Tenant) -> None:
        customer = Client(self.api, self.transport, tenant.customer_id, tenant.kind, reseller_id=tenant.reseller_id)
        account = customer.do("/accounts", {"name": f"{tenant.canary} HQ", "cost_centre": tenant.canary})
        with services.db.begin_read() as session:
            rows = session.execute(select(Offer.provider_offer_id, Offer.id)).all()
        tenant.offers = {row[0]: str(row[1]) for row in rows}
        wish = {"account_id": account["id"], "lines": [{"offer_id": tenant.offers[PRO], "quantity": 5}]}
        customer.do("/accounts", {"name": f"{tenant.canary} branch"})
        customer.do("/orders", wish | {"po_reference": tenant.canary})
        order = customer.do("/orders", wish | {"po_reference": tenant.canary})
        subscription = order["lines"][0]["subscription_id"]
        tenant.last_day = customer.get(f"/subscriptions/{subscription}").json["allowed_end_dates"][1]
        change = customer.post(f"/subscriptions/{subscription}/preview", {"action": "change_quantity", "quantity": 9})
        case = customer.post("/cases", {
            "subject": f"About {tenant.canary}", "description": f"It is {tenant.canary}", "account_id": account["id"],
            "links": [{"kind": "order", "id": order["id"]}],
        }).json  # fmt: skip
        reply = customer.post(f"/cases/{case['id']}/replies", {"body": f"More of {tenant.canary}"}).json
        customer.post("/cases", {"subject": f"Again {tenant.canary}", "description": "…"})
        operation = customer.get("/operations?limit=1").json["items"][0]
        charge = customer.get("/charges").json["items"][0]
        tenant.ids |= {
            "account": account["id"], "order": order["id"], "subscription": subscription, "case": case["id"],
            "reply": reply["id"], "operation": operation["id"], "charge": charge["id"],
            "change_preview": change.json["id"], "preview": customer.post("/orders/preview", wish).json["id"],
        }  # fmt: skip
        tenant.ids |= differing(customer, subscription)
        attached(customer, tenant)
        self._asked_for(customer, tenant, wish)

    def _asked_for(self, customer: Client, tenant: Tenant, wish: dict[str, Any]) -> None:
        """An order that waits for an approval."""
        limit = {"role": "client", "limit": {"amount": "1.00", "currency": "EUR"}}
        customer.post("/approval-limits", limit)
        customer.follow("/orders", wish | {"po_reference": tenant.canary})
        customer.post("/approval-limits", limit | {"limit": None})
        cart = customer.post("/carts", {"account_id": wish["account_id"]}).json
        line = customer.post(f"/carts/{cart['id']}/lines", wish["lines"][0]).json["lines"][0]
        tenant.ids["quote"] = customer.post("/quotes", wish | {"po_reference": tenant.canary}).json["id"]
        tenant.ids |= {"cart": cart["id"], "cart_line": line["id"]}
        tenant.ids["approval"] = customer.get("/approvals").json["items"][0]["id"]

    def _invoiced(self, tenant: Tenant) -> None:
        with accounts_db.begin_read() as session:
            month = clock.local_day(clock.now(session), "Europe/Amsterdam").replace(day=1)  # its charges' days
        invoice_id = draft(tenant.customer_id, month=month)
        with billing.db.begin() as session:
            billing.commands.finalise_invoice(session, invoice_id=invoice_id)
        render(invoice_id, tenant.customer_id)
        for one in self.tenants.values():
            if tenant.customer_id in (one.customer_id, one.reseller_id):
                one.ids["invoice"] = str(invoice_id)  # of an end-customer it is the reseller's, and not to be seen

    def at_the_api(self, tenant: Tenant) -> Program:
        return Program(self.api, tenant.program)

    def at_the_portal(self, tenant: Tenant) -> Visitor:
        return Visitor(self.portal, tenant.owner)

    def standing_for(self, name: str) -> Tenant:
        """A tenant as it acts: a reseller owns nothing itself and asks for what its end-customer E owns."""
        found = self.tenants[name]
        if found.kind == "end_customer":
            return replace(found, ids={kind: id for kind, id in found.ids.items() if kind != "invoice"})
        if found.kind == "direct":
            return found
        end = self.tenants["E"]
        own = {kind: id for kind, id in found.ids.items() if kind != "customer"} | {"reseller": found.ids["customer"]}
        return replace(found, ids=end.ids | own, offers=end.offers, last_day=end.last_day)
