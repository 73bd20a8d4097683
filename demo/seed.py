"""Seed the demo: the script is played with the real commands and flows, in one process, with all clocks moved along.

The provider's sandbox must be running and empty. At the end its clock and ours follow the real time again.
"""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import requests

from domains.accounts import db as accounts_db
from domains.accounts import queries as accounts
from domains.customers import db as customers_db
from domains.customers import queries as customers
from domains.customers.commands import region_of
from domains.kernel import clock
from domains.kernel.config import Settings
from domains.kernel.database import bind, new_id
from domains.kernel.messages import acting
from domains.kernel.money import Money
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.users import commands as users
from domains.users import db as users_db
from domains.users import tokens
from domains.users.commands import CLIENT_SCOPES, ROLE_SCOPES, RUN_SCOPES
from saga import flows, store, transports
from saga.ends import begin_renewals
from saga.flows.onboard_customer import onboard_customer
from saga.flows.open_account import open_account
from saga.payloads.account import OpenAccount
from saga.payloads.customer import OnboardCustomer
from saga.schedules import begin_check, begin_invoices, begin_sync
from saga.transports import inline

from .cast import PLAYERS, ROLES, STAFF, Player
from .scenes import Stage, play
from .script import SCENES, STUCK

SYSTEM = Scope.system("demo seed")


def run(settings: Settings) -> None:
    """Seed empty databases and write `demo.json`; prints what it does."""
    bind(settings)
    flows.load()
    transport = inline.Transport()
    with transports.using(transport):
        seed = Seed(settings, transport)
        seed.everything()


class Seed:
    """One seeding: what it has made so far."""

    def __init__(self, settings: Settings, transport: inline.Transport) -> None:
        self.settings, self.transport, self.control = settings, transport, f"{settings.provider_url}/control"
        self.people: list[dict[str, Any]] = []
        self.clients: list[dict[str, Any]] = []  # of customers
        self.desks: list[dict[str, Any]] = []  # of the operator, to work on runs
        self.customer_ids: dict[str, UUID] = {}
        self.stage = Stage({}, {}, transport, self.control)

    def everything(self) -> None:
        """Customers, people and accounts first, then the script, day by day."""
        today = datetime.now(UTC).replace(microsecond=0)  # the demo's days are counted from the real one
        start = today - timedelta(days=106)
        self.set("settings", order_seconds=0, change_seconds=0)
        self.set("clock", now=start.isoformat())
        with clock.frozen_at(start):
            begin_sync("demo/catalogue")
            self.transport.run_until_quiet()
            for player in PLAYERS:
                self.customer(player)
        print(f"  {len(PLAYERS)} customers, {len(self.people)} people", flush=True)  # noqa: T201 the person who waits sees how far it is
        unplayed = month_turns(start, today)
        for number, scene in enumerate((*SCENES, STUCK), 1):
            moment = today - timedelta(days=scene.days)
            while unplayed and unplayed[0] <= moment:
                self.invoices(unplayed.pop(0))
            self.scene(scene, moment)
            if number % 10 == 0:
                print(f"  {number} of {len(SCENES) + 1} scenes", flush=True)  # noqa: T201 the person who waits sees how far it is
        begin_renewals("demo/end")
        self.transport.run_until_quiet()
        self.let_support_in()
        self.set("clock", now=None)
        self.set("settings", order_seconds=2, change_seconds=2)
        self.write()

    def scene(self, scene: Any, moment: datetime) -> None:
        """Move the provider's clock and ours to a scene's moment and play it."""
        requests.post(f"{self.control}/clock/advance", json={"to": moment.isoformat()}, timeout=30).raise_for_status()
        with clock.frozen_at(moment):
            play(self.stage, scene)

    def invoices(self, moment: datetime) -> None:
        """The month has turned: everybody's invoice for it."""
        requests.post(f"{self.control}/clock/advance", json={"to": moment.isoformat()}, timeout=30).raise_for_status()
        with clock.frozen_at(moment):
            begin_renewals(f"demo/{moment:%Y-%m-%d}")
            self.transport.run_until_quiet()
            begin_invoices("demo")
            begin_check("demo")
            self.transport.run_until_quiet()

    def let_support_in(self) -> None:
        """One customer lets the operator's staff look for a week, so that the demo's agent has something to see."""
        customer_id, owner = self.customer_ids["northwind"], self.stage.callers["northwind", "owner"]
        why = "Please see why one order was refused."
        facts: dict[str, Any] = {"grant_id": new_id(), "hours": 168, "areas": ["cases"], "reason": why}
        with acting(actor=owner.actor), users_db.begin() as session:
            users.grant_access(session, scope=owner.scope, customer_id=customer_id, by=owner.actor, **facts)

    def set(self, what: str, **values: Any) -> None:
        """Set something at the provider's control desk."""
        requests.put(f"{self.control}/{what}", json=values, timeout=30).raise_for_status()

    def customer(self, player: Player) -> None:
        """Onboard a customer, let its people in, give it a program, open its accounts."""
        reseller = self.customer_ids.get(player.reseller or "")
        payload = OnboardCustomer.of(
            reseller_id=reseller, kind=player.kind, name=player.name, legal_name=player.legal_name,
            country=player.country, region=region_of(player.country), currency=player.currency,
            language=player.language, time_zone=player.time_zone, email=f"office@{player.host}", tax_id=player.tax_id,
            credit_limit=None, payment_terms_days=14, price_book="Standard 2026", owner_name=self.owner_name(player),
            **dict(zip(("street", "postcode", "city"), player.address, strict=True)),
            owner_email=f"{self.owner_role(player)}@{player.host}",
        )  # fmt: skip
        store.start(onboard_customer, payload, key=f"demo/{player.key}", label=payload.label, resource=payload.resource)
        self.transport.run_until_quiet()
        self.customer_ids[player.key] = payload.customer_id
        with customers_db.begin_read() as session:
            assert customers.get(session, SYSTEM, payload.customer_id).status == "active", player.name
        self.members(player, payload)
        if player.kind == "operator":
            self.program(player, payload, self.desks, "runs-desk", sorted(RUN_SCOPES))
            return
        self.program(player, payload, self.clients, "erp-sync", sorted(CLIENT_SCOPES))
        self.accounts(player)

    def owner_role(self, player: Player) -> str:
        return "administrator" if player.kind == "operator" else "owner"

    def owner_name(self, player: Player) -> str:
        return (STAFF if player.kind == "operator" else ROLES)[self.owner_role(player)]

    def members(self, player: Player, payload: OnboardCustomer) -> None:
        """The customer's people, each with a password of its own."""
        for role, name in (STAFF if player.kind == "operator" else ROLES).items():
            user_id, email = new_id(), f"{role}@{player.host}"
            password = f"{secrets.choice(WORDS)}-{secrets.choice(WORDS)}-{secrets.randbelow(9000) + 1000}"
            if role == self.owner_role(player):
                user_id = payload.owner_user_id
            with users_db.begin() as session:
                users.add_user(session, user_id=user_id, customer_id=payload.customer_id, email=email, name=name,
                               role=role, language=player.language, time_zone=player.time_zone)  # fmt: skip
                users.set_password(session, user_id=user_id, password=password)
                secret = users.set_up_app(session, user_id=user_id) if player.kind == "operator" else None
            known = {"customer": player.name, "customer_id": str(payload.customer_id)}
            self.people.append({"email": email, "password": password, "totp_secret": secret, "role": role, **known})
            self.stage.callers[player.key, role] = self.caller(player, payload, user_id, role, name, email)

    def caller(
        self, player: Player, payload: OnboardCustomer, user_id: UUID, role: str, name: str, email: str
    ) -> Caller:
        """A person of the demo as `users` would state it."""
        home = {"reseller": Scope.reseller, "operator": lambda _: Scope.operator()}.get(player.kind, Scope.customer)
        return Caller(
            actor=Actor("user", str(user_id), name), scope=home(payload.customer_id), customer_id=payload.customer_id,
            customer_kind=player.kind, customer_name=player.name, roles=(role,), scopes=ROLE_SCOPES[role],
            login_id="", preferences={"language": player.language, "email": email},
        )  # fmt: skip

    def program(
        self, player: Player, payload: OnboardCustomer, clients: list[dict[str, Any]], name: str, scopes: list[str]
    ) -> None:
        """An API client of the customer, with these scopes."""
        client_id, secret = tokens.new_client_id(self.settings.region), tokens.new_secret()
        with users_db.begin() as session:
            users.create_api_client(
                session, client_id=client_id, customer_id=payload.customer_id, reseller_id=payload.reseller_id,
                name=name, scopes=scopes, secret=secret,
            )  # fmt: skip
        known = {"customer": player.name, "customer_id": str(payload.customer_id), "scopes": scopes}
        clients.append({"client_id": client_id, "client_secret": secret, **known})

    def accounts(self, player: Player) -> None:
        """The customer's two accounts, opened by its owner; the first has the budget, if there is one."""
        caller, scope = self.stage.callers[player.key, "owner"], SYSTEM
        for number, name in enumerate(player.accounts):
            with accounts_db.begin_read() as session:
                known = accounts.customer_ref(session, scope, self.customer_ids[player.key])
            budget = Money.of(player.budget, player.currency) if player.budget and number == 0 else None
            payload = OpenAccount.of(known, caller, name=name, cost_centre=f"CC-{100 + number}", budget=budget)
            store.start(open_account, payload, key=f"demo/{player.key}/{number}", label=payload.label,
                        resource=payload.resource, actor=caller.actor)  # fmt: skip
            self.transport.run_until_quiet()
            self.stage.accounts[player.key, number] = payload.account_id

    def write(self) -> None:
        """Write down who can sign in, for people and programs that try the demo out."""
        path = Path(self.settings.var) / "demo.json"
        known: dict[str, Any] = {
            "base_url": self.settings.public_url,
            "sandbox_url": self.settings.provider_url.replace("127.0.0.1", "localhost"),
        }
        known |= {"users": self.people, "api_clients": self.clients, "runs_clients": self.desks}
        text = json.dumps(known, indent=1, ensure_ascii=False)
        with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600), encoding="utf-8") as file:
            file.write(text)


def month_turns(start: datetime, end: datetime) -> list[datetime]:
    """The mornings of the first days of all months between two moments."""
    days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    return [day.replace(hour=7, minute=0, second=0) for day in days if day.day == 1]


WORDS = [
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "island",
    "juniper",
    "kelp",
    "lagoon",
    "meadow",
    "nectar",
    "orchid",
    "pebble",
]
