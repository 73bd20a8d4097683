"""Every change of people and programs is audited for the customer it concerns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import audit
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor

from ..models import (
    User,
)


def note(session: Session, action: str, customer_id: UUID, subject: tuple[str, UUID], **values: Any) -> None:
    """Append to the audit trail of a customer."""
    audit.record(session, action, customer_id=customer_id, subject=subject, **values)


def note_by(
    session: Session, user: User, action: str, customer_id: UUID, subject_id: UUID, kind: str = "login", **values: Any
) -> None:
    """Append to the audit trail in the name of somebody who is not signed in (yet)."""
    with acting(actor=Actor("user", str(user.id), user.name)):
        note(session, action, customer_id, (kind, subject_id), **values)
