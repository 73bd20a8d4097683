"""What customers tell the other domains, as the relay brings it."""

from __future__ import annotations

from typing import Any

import msgspec

from domains.customers.events import CustomerChanged
from domains.kernel.database import new_id
from domains.kernel.money import Money


def an_event(**but: Any) -> dict[str, Any]:
    """A customer has changed."""
    facts: dict[str, Any] = {
        "version": 2, "customer_id": new_id(), "reseller_id": None, "kind": "direct", "status": "active",
        "name": "Northwind", "legal_name": "Northwind B.V.", "country": "NL", "region": "eu", "currency": "EUR",
        "language": "en", "time_zone": "Europe/Amsterdam", "tax_id": None, "credit_limit": Money.of("5000.50", "EUR"),
        "payment_terms_days": 30, "price_book": "Standard 2026",
    } | but  # fmt: skip
    body: dict[str, Any] = msgspec.to_builtins(CustomerChanged(**facts))
    return body
