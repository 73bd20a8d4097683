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

from ..asking import HOLD, HOLD_APPROVED, asked
from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import MOVED, Change, WaitingToPay


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


@dataclass(frozen=True, kw_only=True)
class ExtendSubscriptionAsked(WaitingToPay, ExtendSubscription):
    """The same, where the yes may be one to passing the account's budget, too."""


_begin = step(services.begin_change, compensation=services.abandon_change, title=N_("Check the change"))
_rest = (
    pivot(provider.send_change, gives=("outcome",), title=N_("Extend it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_change, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
)
extend_subscription = Saga("extend-subscription", ExtendSubscription, (_begin, HOLD, *_rest), deadline=PROMISED)

# Those that need an approval. The subscription is held only once it is there; then the days have moved along.
_asked = asked(services.request_change, services.start_change, services.give_up_change, MOVED)
_later = (*_asked, _begin, HOLD, *_rest)
extend_subscription_later = Saga("extend-subscription", ExtendSubscriptionLater, _later, version=2, deadline=PROMISED)
_asked_beyond = (*_asked, _begin, HOLD_APPROVED, *_rest)
extend_subscription_asked = Saga(
    "extend-subscription", ExtendSubscriptionAsked, _asked_beyond, version=3, deadline=PROMISED
)
