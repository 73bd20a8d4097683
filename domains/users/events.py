"""What users tell the other domains."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.kernel.messages import Event


@dataclass(frozen=True)
class Recipient:
    """Who is told of it; without an `email` nobody is."""

    user_id: UUID | None
    name: str
    email: str
    language: str


@dataclass(frozen=True)
class LetterAsked(Event):
    """Somebody is to get an e-mail about their way in. `facts` may hold a link that is good once and for a while."""

    delivery_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    recipient: Recipient
    template: str
    facts: dict[str, str]


@dataclass(frozen=True)
class SupportAccessChanged(Event):
    """Support access was asked for, taken in an emergency, or answered; `what` is asked, emergency or answered."""

    grant_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    customer: str
    what: str
    who: str
    reason: str
    hours: int
    recipients: tuple[Recipient, ...]
