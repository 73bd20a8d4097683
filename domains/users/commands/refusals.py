"""Refusals at the door: who could not prove to be what they said stands in a trail, however often they try."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.database import insert_new
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor

from ..models import ApiClient, Organisation, db
from .trail import note

UNKNOWN = Actor("client", "unknown", "Somebody unknown")


def note_refusal(
    session: Session, *, action: str, why: str, client_id: str = "", customer_id: UUID | None = None, **more: Any
) -> None:
    """Append that somebody was refused, and why, to the trail of whom it concerns; once in ten minutes for each reason.

    That is the customer of the program named, or `customer_id`; of somebody unknown it is the operator. So a flood
    fills nobody's trail, and a program's name that anybody can claim brings at most one entry for each reason.
    """
    client = session.get(ApiClient, client_id) if client_id and client_id.isprintable() else None
    concerned = client.customer_id if client is not None else customer_id or _operator(session)
    if concerned is None:  # an installation without an operator has no trail for it
        return
    now = clock.now(session)
    turn = f"{now:%Y-%m-%dT%H}:{now.minute // 10}"
    key = digest("refusal", action, why, client.id if client is not None else str(concerned), turn)
    if insert_new(session, db.idempotency, {"key": key, "request_digest": key, "status": 0, "at": now}, "key"):
        actor = Actor("client", client.id, client.name) if client is not None else UNKNOWN
        with acting(actor=actor):
            note(session, action, concerned, ("customer", concerned), after={"why": why, **more})


def _operator(session: Session) -> UUID | None:
    query = select(Organisation.customer_id).where(Organisation.kind == "operator")
    return session.scalars(query.order_by(Organisation.customer_id).limit(1)).first()
