"""Customers as accounts know them, accounts and what is held, made through the commands that make them in life."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.accounts import commands, db
from domains.accounts.commands import CcpCustomer, CcpUser
from domains.accounts.models import Account, CustomerRef
from domains.kernel.database import new_id
from domains.kernel.money import Money

CCP_CUSTOMER = CcpCustomer("cust-1", "northwind", "Northwind", "NL", "northwind.ccp.example", "active")
CCP_USER = CcpUser("user-1", "bea@northwind.ccp.example", "Bea", "bea@northwind.example", "active", ("admin",), True,
                   None, None)  # fmt: skip


def eur(amount: str | int) -> Money:
    """An amount of euros."""
    return Money.of(amount, "EUR")


def a_customer(session: Session, **but: Any) -> UUID:
    """An active customer in Amsterdam that pays in euros, without a credit limit."""
    facts: dict[str, Any] = {
        "customer_id": new_id(), "reseller_id": None, "kind": "direct", "name": "Northwind", "status": "active",
        "currency": "EUR", "country": "NL", "region": "eu", "time_zone": "Europe/Amsterdam", "credit_limit": None,
        "price_book": "Standard 2026",
    } | but  # fmt: skip
    commands.know_customer(session, **facts)
    found: UUID = facts["customer_id"]
    return found


def opening(session: Session, customer_id: UUID, **but: Any) -> UUID:
    """Begin to open an account of a customer."""
    facts: dict[str, Any] = {
        "account_id": new_id(), "customer_id": customer_id, "name": "Head office", "cost_centre": None,
        "po_reference": None, "budget": None, "reseller_id": session.get_one(CustomerRef, customer_id).reseller_id,
    } | but  # fmt: skip
    commands.open_account(session, **facts)
    found: UUID = facts["account_id"]
    return found


def activate(session: Session, account_id: UUID) -> None:
    """Open an account for good."""
    commands.activate_account(session, account_id=account_id, ccp_customer=CCP_CUSTOMER, ccp_user=CCP_USER)


def an_account(session: Session, customer_id: UUID | None = None, **but: Any) -> Account:
    """An account that may order."""
    account_id = opening(session, customer_id or a_customer(session), **but)
    activate(session, account_id)
    return session.get_one(Account, account_id)


def reserve(session: Session, account: Account, amount: Money, **but: Any) -> UUID:
    """Hold an amount on an account; gives the reservation's id."""
    facts = {"reservation_id": new_id(), "account_id": account.id, "customer_id": account.customer_id} | but
    commands.reserve_spend(session, **facts, reserve=amount)
    found: UUID = facts["reservation_id"]
    return found


def told(session: Session) -> list[tuple[str, dict[str, Any]]]:
    """What accounts have told the other domains, oldest first."""
    rows = session.execute(db.outbox.select().order_by(db.outbox.c.position))
    return [(row.type.removeprefix("accounts."), row.body) for row in rows]
