"""What support does about facts of other domains: know the things that a case can be about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.messages import on

from .commands import know_reference


def _know(session: Session, kind: str, event: dict[str, Any], label: str, state: str) -> None:
    reseller = event["reseller_id"]
    know_reference(
        session, kind=kind, id=UUID(event[f"{kind}_id"]), customer_id=UUID(event["customer_id"]), label=label,
        state=state, reseller_id=UUID(reseller) if reseller else None, version=event["version"],
    )  # fmt: skip


@on("accounts.AccountOpened")
def know_account(session: Session, event: dict[str, Any]) -> None:
    """Cases can be about a new account."""
    _know(session, "account", event, event["name"], event["status"])


@on("accounts.AccountChanged")
def know_changed_account(session: Session, event: dict[str, Any]) -> None:
    """An account has another name or status."""
    _know(session, "account", event, event["name"], event["status"])


@on("services.OrderDrafted")
def know_order(session: Session, event: dict[str, Any]) -> None:
    """Cases can be about an order from its first moment."""
    _know(session, "order", event, event["number"], event["state"])


@on("services.OrderCompleted")
def know_completed_order(session: Session, event: dict[str, Any]) -> None:
    """An order has been delivered."""
    _know(session, "order", event, event["number"], event["state"])


@on("services.OrderRejected")
def know_rejected_order(session: Session, event: dict[str, Any]) -> None:
    """An order has come to nothing: the commonest reason for a case."""
    _know(session, "order", event, event["number"], event["state"])


@on("services.SubscriptionActivated")
def know_subscription(session: Session, event: dict[str, Any]) -> None:
    """Cases can be about a new subscription."""
    _know(session, "subscription", event, f"{event['name']} ({event['number']})", event["state"])


@on("services.SubscriptionChanged")
def know_changed_subscription(session: Session, event: dict[str, Any]) -> None:
    """A subscription has changed."""
    _know(session, "subscription", event, f"{event['name']} ({event['number']})", event["state"])
