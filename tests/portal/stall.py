"""A customer with an account before a small catalogue, and its people at the portal; no provider stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from domains.services import db
from domains.services.models import AccountRef, Offer, Subscription
from saga import coordinator
from saga.transports.inline import Transport
from tests.factories.services import a_catalogue, a_line, a_plan, a_subscription, an_account, an_offer

from .visitor import Visitor, a_person, form_on

PRO, CONNECTOR, BACKUP = "tailspin-analytics-pro", "tailspin-data-connector", "fabrikam-server-backup"
REFUSED = {"code": "capacity_exceeded", "detail": "The provider has no capacity left for this at the moment."}
RETURNED = ("cmd_id", "run_id", "seq", "phase")


def post(visitor: Visitor, path: str, fields: dict[str, str] | None, **but: Any) -> TestResponse:
    """Send the fields of another person's form, or changed ones, with this person's own form token."""
    mine = form_on(visitor.get("/operations"), "/profile/theme") or {}
    return visitor.open("POST", path, data={**(fields or {}), **but, "csrf_token": mine["csrf_token"]})


def catalogue() -> list[Any]:
    """Three offers: seats with two plans, an add-on to them, and storage that nobody can give back."""
    plans = (a_plan(EUR="25.20"), a_plan("P3Y", "annual", EUR="270.00"))
    return [
        an_offer(plans=plans),
        an_offer(
            CONNECTOR, name="Data Connector", kind="addon", unit="connector", plans=(a_plan(EUR="9.60"),),
            addon_of=(PRO,), max_quantity=10,
        ),
        an_offer(
            BACKUP, name="Server Backup", vendor="Fabrikam", category="Backup", unit="TB", plans=(a_plan("P1M"),),
            description="Daily images of servers.", min_quantity=5, policy={},
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class Stall:
    """The customer's ids, and what its people do."""

    app: Flask
    transport: Transport
    customer_id: UUID
    account_id: UUID

    @classmethod
    def open(cls, app: Flask, transport: Transport) -> Stall:
        with db.begin() as session:
            a_catalogue(session, *catalogue())
            account = an_account(session)
            return cls(app, transport, account.customer_id, account.id)

    def visitor(self, role: str = "buyer", **but: Any) -> Visitor:
        """Somebody of this customer."""
        return Visitor(self.app, a_person(self.customer_id, role=role, **but))

    def stranger(self) -> Visitor:
        """Somebody of another customer, which has an account, too."""
        with db.begin() as session:
            return Visitor(self.app, a_person(an_account(session, name="Elsewhere").customer_id))

    def offer_id(self, provider_offer_id: str = PRO) -> UUID:
        with db.begin_read() as session:
            return session.scalars(select(Offer.id).where(Offer.provider_offer_id == provider_offer_id)).one()

    def bought(self, quantity: int = 20, offer: str = PRO, **but: Any) -> UUID:
        """A running subscription; `but` are columns of it that are set afterwards."""
        with db.begin() as session:
            account = session.get_one(AccountRef, self.account_id)
            held = a_subscription(session, account, a_line(session, quantity, offer))
            for name, value in but.items():
                setattr(held, name, value)
            return held.id

    def held(self, subscription_id: UUID) -> Subscription:
        with db.begin_read() as session:
            return session.get_one(Subscription, subscription_id)

    # ---- an order through its forms

    def form(self, visitor: Visitor, offer: str = PRO) -> TestResponse:
        return visitor.get("/orders/new", offer=self.offer_id(offer), account=self.account_id)

    def checked(self, visitor: Visitor, offer: str = PRO, **typed: Any) -> TestResponse:
        """The order form, filled in and sent to be checked."""
        return visitor.send(self.form(visitor, offer), "/orders/check", **{"quantity": "25", **typed})

    def ordered(self, visitor: Visitor, **typed: Any) -> TestResponse:
        """The page of an order that has just been sent; none of its steps has been done."""
        sent = visitor.send(self.checked(visitor, **typed), "/orders")
        assert sent.status_code == 303
        return visitor.get(sent.location)

    # ---- what becomes of a run

    def answer(self, *outcomes: str, **said: Any) -> None:
        """Answer the run's next steps in place of the domains: OK, REJECTED, PENDING, … with what is `said`."""
        for outcome in outcomes:
            envelope = self.transport.commands.popleft()
            self.transport.replies.append({name: envelope[name] for name in RETURNED} | {"outcome": outcome} | said)
            coordinator.handle(self.transport.receive_replies(64, 0)[1])
