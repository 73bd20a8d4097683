"""People who are told things, and what they are told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains.kernel.database import new_id
from domains.notifications import commands, db
from domains.notifications.commands import Person
from domains.notifications.models import Delivery

BEA = Person(None, "Bea Buyer", "bea@northwind.example", "en")


def tell(**but: Any) -> UUID:
    """Tell Bea that an account is open; gives the delivery's id."""
    facts: dict[str, Any] = {
        "delivery_id": new_id(), "customer_id": new_id(), "reseller_id": None, "recipient": BEA,
        "template": "account_opened", "facts": {"account": "Head office", "customer": "Northwind"},
    } | but  # fmt: skip
    with db.begin() as session:
        commands.notify(session, **facts)
    found: UUID = facts["delivery_id"]
    return found


def delivery(delivery_id: UUID) -> Delivery:
    """A delivery as it stands now."""
    with db.begin_read() as session:
        return session.get_one(Delivery, delivery_id)


def deliveries() -> list[Delivery]:
    """All deliveries, oldest first."""
    with db.begin_read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))
