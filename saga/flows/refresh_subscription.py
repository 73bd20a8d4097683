"""One subscription is looked at as the provider has it: a term has ended, or somebody may have changed it there."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot, step


@dataclass(frozen=True, kw_only=True)
class RefreshSubscription:
    """Which subscription, what it is called, and whose it is."""

    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    label: str

    @property
    def resource(self) -> tuple[str, UUID]:
        return "subscription", self.subscription_id


refresh_subscription = Saga("refresh-subscription", RefreshSubscription, (
    pivot(provider.look_at_subscription, gives=("look",), title=N_("Ask the provider")),
    step(services.apply_look, title=N_("Update the subscription")),
), house=True)  # fmt: skip
