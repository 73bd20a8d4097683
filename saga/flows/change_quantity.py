"""A customer changes how many seats a subscription has.

More seats are held against the budget first; fewer only go back within the provider's return windows, newest first.
"""

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
class ChangeQuantity(Change):
    """From how many to how many, and at what price."""

    @classmethod
    def told_by(cls) -> str:
        return "quantity_changed"


@dataclass(frozen=True, kw_only=True)
class ChangeQuantityLater(ChangeQuantity):
    """The same, once somebody has said yes."""

    approval: ApprovalAsked
    waiting_for: ClassVar[str] = "approval"


@dataclass(frozen=True, kw_only=True)
class ChangeQuantityAsked(WaitingToPay, ChangeQuantity):
    """The same, where the yes may be one to passing the account's budget, too."""


_begin = step(services.begin_change, compensation=services.abandon_change, title=N_("Check the change"))
_rest = (
    pivot(provider.send_change, gives=("outcome",), title=N_("Change it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_change, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
)
change_quantity = Saga("change-quantity", ChangeQuantity, (_begin, HOLD, *_rest), deadline=PROMISED)

# Those that need an approval. The subscription is held only once it is there; then the days have moved along.
_asked = asked(services.request_change, services.start_change, services.give_up_change, MOVED)
_old, _later = (*_asked, _begin, HOLD, *_rest), (*_asked, _begin, HOLD_APPROVED, *_rest)
change_quantity_later = Saga("change-quantity", ChangeQuantityLater, _old, version=2, deadline=PROMISED)
change_quantity_asked = Saga("change-quantity", ChangeQuantityAsked, _later, version=3, deadline=PROMISED)
