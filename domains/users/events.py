"""What users tell the other domains: that somebody is to be written to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.kernel.messages import Event


@dataclass(frozen=True)
class Recipient:
    """Who is written to; without an `email` nobody is."""

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
