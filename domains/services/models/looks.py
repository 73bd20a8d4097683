"""How several subscriptions stand at the provider, in the shape in which a saga hands it from step to step."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from .facts import ChangeOutcome


@dataclass(frozen=True)
class SubscriptionLook:
    """How one subscription stands at the provider; None when the provider does not know it."""

    subscription_id: UUID
    look: ChangeOutcome | None
