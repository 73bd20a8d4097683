"""What support tells the other domains."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.kernel.messages import Event


@dataclass(frozen=True)
class CaseOpened(Event):
    """Somebody has asked for help."""

    case_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    number: str
    subject: str
    status: str


@dataclass(frozen=True)
class CaseAnswered(Event):
    """Something was said in a case that its customer may read."""

    case_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    number: str
    subject: str
    status: str
