"""What users do about facts of other domains: keep up with the organisations people belong to."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import ask_approvers, know_organisation, tell_decision, tell_of_budget, tell_of_quote


@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note what has changed about a customer."""
    know_organisation(session, **fitted(know_organisation, event))


@on("accounts.BudgetReached")
def tell_owners(session: Session, event: dict[str, Any]) -> None:
    """Write to a customer's owners that a part of a budget is reached."""
    tell_of_budget(session, **fitted(tell_of_budget, event))


@on("services.ApprovalRequested")
def ask(session: Session, event: dict[str, Any]) -> None:
    """Write to those who may approve."""
    ask_approvers(session, **fitted(ask_approvers, event))


@on("services.ApprovalDecided")
def tell(session: Session, event: dict[str, Any]) -> None:
    """Write to whoever asked."""
    tell_decision(session, **fitted(tell_decision, event))


@on("services.QuoteSent")
def offer(session: Session, event: dict[str, Any]) -> None:
    """Write to those who may order by a quote."""
    tell_of_quote(session, **fitted(tell_of_quote, event))
