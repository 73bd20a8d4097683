"""A customer extends a subscription to a later last day, one of those the provider allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domains.accounts import commands as accounts
from domains.billing import commands as billing
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider
from domains.services.commands import ApprovalAsked

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import MOVED, Change


@dataclass(frozen=True, kw_only=True)
class ExtendSubscription(Change):
    """To which last day, and what the days cost."""

    @classmethod
    def told_by(cls) -> str:
        return "subscription_extended"


@dataclass(frozen=True, kw_only=True)
class ExtendSubscriptionLater(ExtendSubscription):
    """The same, once somebody has said yes."""

    approval: ApprovalAsked
    waiting_for: ClassVar[str] = "approval"


_steps = (
    step(services.begin_change, compensation=services.abandon_change, title=N_("Check the change")),
    step(accounts.reserve_spend, compensation=accounts.release_reservation, title=N_("Reserve the amount")),
    pivot(provider.send_change, gives=("outcome",), title=N_("Extend it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_change, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
)  # fmt: skip
extend_subscription = Saga("extend-subscription", ExtendSubscription, _steps, deadline=PROMISED)

# One that needs an approval. The subscription is held only once it has it; then its days have moved along.
extend_subscription_later = Saga("extend-subscription", ExtendSubscriptionLater, (
    step(services.request_change, compensation=services.give_up_change, title=N_("Ask for the approval")),
    step(services.start_change, compensation=services.give_up_change, renews=MOVED,
         title=N_("Wait until it may go on")), *_steps,
), version=2, deadline=PROMISED)  # fmt: skip
