"""What travels through the onboarding of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.money import Money

from .people import Person


@dataclass(frozen=True, kw_only=True)
class OnboardCustomer:
    """Who the customer is, on what terms, and who owns it on its side."""

    customer_id: UUID
    reseller_id: UUID | None
    kind: str
    name: str
    legal_name: str
    country: str
    region: str
    currency: str
    language: str
    time_zone: str
    email: str
    tax_id: str | None
    credit_limit: Money | None
    payment_terms_days: int
    price_book: str
    owner_user_id: UUID
    owner_name: str
    owner_email: str
    status: str
    delivery_id: UUID
    recipient: Person
    template: str
    facts: dict[str, Any]
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    province: str | None = None

    @classmethod
    def of(cls, **known: Any) -> OnboardCustomer:
        """A new customer; `known` are the fields about the customer and its owner, without the ids."""
        owner = Person(new_id(), known["owner_name"], known["owner_email"], known["language"])
        return cls(
            **known,
            customer_id=new_id(),
            owner_user_id=owner.user_id or new_id(),
            status="active",
            delivery_id=new_id(),
            recipient=owner,
            template="customer_welcome",
            facts={"customer": known["name"]},
        )

    @property
    def label(self) -> str:
        return self.name

    @property
    def resource(self) -> tuple[str, UUID]:
        return "customer", self.customer_id
