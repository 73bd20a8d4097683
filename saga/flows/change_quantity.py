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

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.change import MOVED, Change


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


_steps = (
    step(services.begin_change, compensation=services.abandon_change, title=N_("Check the change")),
    step(accounts.reserve_spend, compensation=accounts.release_reservation, title=N_("Reserve the amount")),
    pivot(provider.send_change, gives=("outcome",), title=N_("Change it at the provider")),
    step(services.apply_change, title=N_("Update the subscription")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_change, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
)  # fmt: skip
change_quantity = Saga("change-quantity", ChangeQuantity, _steps, deadline=PROMISED)

# One that needs an approval. The subscription is held only once it has it; then its days have moved along.
change_quantity_later = Saga("change-quantity", ChangeQuantityLater, (
    step(services.request_change, compensation=services.give_up_change, title=N_("Ask for the approval")),
    step(services.start_change, compensation=services.give_up_change, renews=MOVED,
         title=N_("Wait until it may go on")), *_steps,
), version=2, deadline=PROMISED)  # fmt: skip
