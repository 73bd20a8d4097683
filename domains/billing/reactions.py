"""What billing does about facts of other domains: keep up with its customers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import know_customer, note_plan


@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note what has changed about a customer."""
    know_customer(session, **fitted(know_customer, event))


@on("services.SubscriptionRepriced")
def follow(session: Session, event: dict[str, Any]) -> None:
    """Charge the periods of the next term at the price of the plan that it has renewed into."""
    note_plan(session, **fitted(note_plan, event))
