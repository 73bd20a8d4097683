"""What travels through an order: its terms, the ids of what comes of it, and whom it reports to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.tenancy import Caller
from domains.services.commands import ApprovalAsked
from domains.services.pricing import OrderTerms

from .people import Person, person_of

P = TypeVar("P", bound="PlaceOrder")


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
    def of(cls: type[P], terms: OrderTerms, caller: Caller, **more: Any) -> P:
        """An order of these terms by this caller."""
        return cls(
            **more,
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


@dataclass(frozen=True, kw_only=True)
class PlaceOrderLater(PlaceOrder):
    """An order that waits for an approval, for its day (`effective_on`), or for both."""

    approval: ApprovalAsked | None

    @property
    def waiting_for(self) -> str:
        """What it is known to wait for from the beginning."""
        return "approval" if self.approval else "start_date"


@dataclass(frozen=True, kw_only=True)
class PlaceOrderAsked(PlaceOrderLater):
    """The same, where the yes may be one to passing the account's budget, too."""

    over_budget: bool
