"""What users do about facts of other domains: keep up with the organisations people belong to."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import know_organisation, tell_of_budget


@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note what has changed about a customer."""
    know_organisation(session, **fitted(know_organisation, event))


@on("accounts.BudgetReached")
def tell_owners(session: Session, event: dict[str, Any]) -> None:
    """Write to a customer's owners that a part of a budget is reached."""
    tell_of_budget(session, **fitted(tell_of_budget, event))
