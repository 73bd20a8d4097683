"""What services do about others' facts: they know accounts and their customers as they are now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import know_account, know_customer, know_standing


@on("accounts.AccountChanged")
def account_changed(session: Session, body: dict[str, Any]) -> None:
    """Keep what we know of an account up to date; a closed or suspended one cannot order."""
    know_account(session, account_id=UUID(body["account_id"]), version=body["version"], facts=body)


@on("customers.CustomerChanged")
def customer_changed(session: Session, body: dict[str, Any]) -> None:
    """Keep a customer's price book, country and time zone up to date on its accounts."""
    know_customer(session, **fitted(know_customer, body))


@on("accounts.BudgetStands")
def budget_stands(session: Session, body: dict[str, Any]) -> None:
    """Note what an account's limits leave: what passes them is asked for before it is sent."""
    know_standing(session, **fitted(know_standing, body))
