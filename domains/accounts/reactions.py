"""What accounts do about facts of other domains: keep up with their customers, and with what runs in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import fitted, on

from .commands import know_commitment, know_customer


@on("customers.CustomerActivated")
def note_new_customer(session: Session, event: dict[str, Any]) -> None:
    """Note a customer that may buy from now on."""
    know_customer(session, **fitted(know_customer, event))


@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note what has changed about a customer."""
    know_customer(session, **fitted(know_customer, event))


@on("services.SubscriptionActivated")
@on("services.SubscriptionChanged")
def keep_count(session: Session, event: dict[str, Any]) -> None:
    """Note what a subscription costs. One told of by a release that did not say waits for the next change of it."""
    if event.get("currency") and event.get("valid_from"):
        know_commitment(session, **fitted(know_commitment, event))
