"""Readings: that staff looked at what is a customer's stands in that customer's trail."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.database import insert_new
from domains.kernel.messages import context

from ..models import db
from .trail import note


def note_reading(session: Session, *, customer_id: UUID, path: str) -> None:
    """Append that whoever acts has looked at a customer, and at which page first; once for each hour by the clock."""
    now, reader = clock.now(session), context().actor
    key = digest("reading", reader.id, str(customer_id), now.strftime("%Y-%m-%dT%H"))
    row = {"key": key, "request_digest": key, "status": 0, "at": now}
    if insert_new(session, db.idempotency, row, "key"):
        note(session, "users.read", customer_id, ("customer", customer_id), after={"path": path})
