"""What travels through an order: its terms, the ids of what comes of it, and whom it reports to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.tenancy import Caller
from domains.services.pricing import OrderTerms

from .people import Person, person_of


@dataclass(frozen=True, kw_only=True)
class PlaceOrder(OrderTerms):
    """What the customer agreed to, and the ids of what comes of it. Every step reads it; none may change it."""

    reservation_id: UUID
    provider_operation_id: UUID
    delivery_id: UUID
    ordered_by: Person
    recipient: Person
    template: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, terms: OrderTerms, caller: Caller) -> PlaceOrder:
        """An order of these terms by this caller."""
        return cls(
            **vars(terms),
            reservation_id=new_id(),
            provider_operation_id=new_id(),
            delivery_id=new_id(),
            ordered_by=person_of(caller),
            recipient=person_of(caller),
            template="order_completed",
            facts={
                "account": terms.account_name,
                "lines": [
                    {"name": one.name, "quantity": one.quantity, "id": one.subscription_id} for one in terms.lines
                ],
                "charge_now": terms.charge_now,
                "order_id": terms.order_id,
            },
        )

    @property
    def label(self) -> str:
        """The order in a line that needs no language."""
        return f"{' + '.join(f'{line.quantity} × {line.name}' for line in self.lines)} · {self.account_name}"

    @property
    def resource(self) -> tuple[str, UUID]:
        return "order", self.order_id
