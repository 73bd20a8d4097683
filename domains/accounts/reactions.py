"""What accounts do about facts of other domains: keep up with their customers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from domains.kernel.messages import on
from domains.kernel.money import Money

from .commands import know_customer


@on("customers.CustomerActivated")
def keep_up_with_new_customer(session: Session, event: dict[str, Any]) -> None:
    """Note a customer that may buy from now on."""
    keep_up(session, event)


@on("customers.CustomerChanged")
def keep_up(session: Session, event: dict[str, Any]) -> None:
    """Note what has changed about a customer."""
    limit = event.get("credit_limit")
    names = ("customer_id", "reseller_id", "kind", "name", "status", "currency", "country", "region", "time_zone",
             "price_book", "version")  # fmt: skip
    facts = {name: event[name] for name in names}
    facts["credit_limit"] = msgspec.convert(limit, Money, strict=False) if limit else None
    know_customer(session, **_typed(facts))


def _typed(facts: dict[str, Any]) -> dict[str, Any]:
    reseller = facts["reseller_id"]
    return facts | {"customer_id": UUID(facts["customer_id"]), "reseller_id": UUID(reseller) if reseller else None}
