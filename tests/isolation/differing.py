"""What a tenant has of drift and bulk plans: a difference at the provider, and a plan that was sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains import services
from domains.services import commands
from domains.services.commands import ChangeOutcome
from domains.services.models import Drift, Subscription


def differing(customer: Any, subscription_id: str) -> dict[str, str]:
    """The ids of a drift and of a plan of a customer's subscription."""
    with services.db.begin() as session:
        held = session.get_one(Subscription, UUID(subscription_id))
        look = ChangeOutcome(
            held.quantity + 2, held.valid_to, "active", "active", held.auto_renew, held.valid_from, (), held.allowed, 99
        )
        commands.apply_look(session, subscription_id=held.id, look=look)
        query = select(Drift.id).where(Drift.subscription_id == held.id)
        drift_id = session.scalars(query).one()
    row = {"subscription": subscription_id, "action": "change_quantity", "value": "9"}
    return {"drift": str(drift_id), "plan": customer.post("/bulk-plans", {"rows": [row]}).json["id"]}
