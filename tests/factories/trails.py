"""Entries of the audit trail as the searchable copy gets them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domains.kernel.database import new_id
from domains.kernel.trails import Entry
from domains.notifications import commands, db


def an_entry(customer_id: UUID, *, domain: str = "accounts", **but: Any) -> UUID:
    """Something that Olivia did to an account."""
    facts: dict[str, Any] = {
        "id": new_id(), "customer_id": customer_id, "at": datetime(2026, 3, 10, 9, tzinfo=UTC), "actor_kind": "user",
        "actor_id": "u-1", "actor_name": "Olivia Owen", "place": "192.0.2.7", "program": "Firefox 128, Windows",
        "home_id": None, "on_behalf_id": None, "grant_id": None, "action": "accounts.update",
        "subject_kind": "account", "subject_id": new_id(), "request_id": "req-1", "run_id": None, "seq": 1,
        "before": {"name": "Head office"}, "after": {"name": "Head office, Utrecht"},
    } | but  # fmt: skip
    with db.begin() as session:
        commands.keep_entries(session, domain=domain, customer_id=customer_id, entries=(Entry(**facts),))
    found: UUID = facts["id"]
    return found


def an_organisation_known(customer_id: UUID, name: str = "Northwind Traders", reseller_id: UUID | None = None) -> None:
    """An organisation whose trail it is."""
    facts = {"customer_id": customer_id, "reseller_id": reseller_id, "name": name, "version": 1}
    with db.begin() as session:
        commands.know_organisation(session, **facts)
