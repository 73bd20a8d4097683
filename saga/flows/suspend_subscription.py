"""A customer suspends a subscription: nobody can use it, and it is billed on until it is resumed or ends."""

from __future__ import annotations

from dataclasses import dataclass

from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import Change


@dataclass(frozen=True, kw_only=True)
class SuspendSubscription(Change):
    """What is suspended."""

    @classmethod
    def told_by(cls) -> str:
        return "subscription_suspended"


suspend_subscription = Saga("suspend-subscription", SuspendSubscription, (
    step(services.begin_change, compensation=services.abandon_change, title=N_("Check the change")),
    pivot(provider.send_change, gives=("outcome",), title=N_("Suspend it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(notifications.notify, title=N_("Tell you")),
), deadline=PROMISED)  # fmt: skip
