"""What customers tell the other domains: all facts that others keep."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.kernel.messages import Event
from domains.kernel.money import Money


@dataclass(frozen=True)
class CustomerActivated(Event):
    """A customer may buy from now on."""

    customer_id: UUID
    reseller_id: UUID | None
    kind: str
    status: str
    name: str
    legal_name: str
    country: str
    region: str
    currency: str
    language: str
    time_zone: str
    tax_id: str | None
    credit_limit: Money | None
    payment_terms_days: int
    price_book: str
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    province: str | None = None


@dataclass(frozen=True)
class CustomerChanged(CustomerActivated):
    """A customer's facts are others now."""
