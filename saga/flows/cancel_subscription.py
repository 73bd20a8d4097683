"""A customer cancels a subscription: now, within the provider's window and with a refund, or at the end of its term."""

from __future__ import annotations

from dataclasses import dataclass

from domains.billing import commands as billing
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import Change


@dataclass(frozen=True, kw_only=True)
class CancelSubscription(Change):
    """When it ends, and what comes back."""

    @classmethod
    def told_by(cls) -> str:
        return "subscription_canceled"


cancel_subscription = Saga("cancel-subscription", CancelSubscription, (
    step(services.begin_change, compensation=services.abandon_change, title=N_("Check the change")),
    pivot(provider.send_change, gives=("outcome",), title=N_("Cancel it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(billing.charge_change, title=N_("Book the refund")),
    step(notifications.notify, title=N_("Tell you")),
), deadline=PROMISED)  # fmt: skip
