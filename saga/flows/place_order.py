"""A customer orders cloud software for one of its accounts.

The amount is held before the provider is asked, and nothing is charged until the provider has said yes. Sending the
order is the point of no return: a clear no takes everything back, silence is looked up and asked again, never guessed.
"""

from __future__ import annotations

from domains.accounts import commands as accounts
from domains.billing import commands as billing
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider

from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.order import PlaceOrder

place_order = Saga("place-order", PlaceOrder, (
    step(services.draft_order, compensation=services.discard_order, title=N_("Check the order")),
    step(accounts.reserve_spend, compensation=accounts.release_reservation, title=N_("Reserve the amount")),
    pivot(provider.send_order, gives=("accepted", "rejected", "accepted_total"), title=N_("Order at the provider")),
    step(services.activate_order, title=N_("Activate the subscriptions")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_order, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
), deadline=PROMISED)  # fmt: skip
