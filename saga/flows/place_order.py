"""A customer orders cloud software for one of its accounts.

The amount is held before the provider is asked, and nothing is charged until the provider has said yes. Sending the
order is the point of no return: a clear no takes everything back, silence is looked up and asked again, never guessed.
"""

from __future__ import annotations

from domains.accounts import commands as accounts
from domains.billing import commands as billing
from domains.kernel.tenancy import Caller
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as provider
from domains.services.commands import ApprovalAsked
from domains.services.pricing import OrderTerms

from ..asking import HOLD, HOLD_APPROVED
from ..definition import N_, PROMISED, Saga, pivot, step
from ..payloads.order import PlaceOrder, PlaceOrderAsked, PlaceOrderLater

_sent = (
    pivot(provider.send_order, gives=("accepted", "rejected", "accepted_total"), title=N_("Order at the provider")),
    step(services.activate_order, title=N_("Activate the subscriptions")),
    step(accounts.confirm_reservation, title=N_("Settle the reservation")),
    step(billing.charge_order, title=N_("Book the charge")),
    step(notifications.notify, title=N_("Tell you")),
)
_rest = (HOLD, *_sent)
place_order = Saga("place-order", PlaceOrder, (
    step(services.draft_order, compensation=services.discard_order, title=N_("Check the order")), *_rest,
), deadline=PROMISED)  # fmt: skip

# One that waits for an approval or for its day. When it goes on, its days have moved along and its prices have stayed.
_MOVED = ("lines", "charge_now", "every_month", "commitment", "reserve", "effective_on", "tax_estimate", "next_invoice")
_waited = (
    step(services.request_order, compensation=services.give_up_order, title=N_("Check the order")),
    step(services.start_order, compensation=services.give_up_order, renews=(*_MOVED, "facts"),
         title=N_("Wait until it may go on")),
)  # fmt: skip
place_order_later = Saga("place-order", PlaceOrderLater, (*_waited, *_rest), version=2, deadline=PROMISED)

# Somebody's yes may also be one to passing the account's budget. Version 2 goes on for runs under way.
place_order_asked = Saga("place-order", PlaceOrderAsked, (
    *_waited, HOLD_APPROVED, *_sent,
), version=3, deadline=PROMISED)  # fmt: skip


def ordering(
    terms: OrderTerms, caller: Caller, approval: ApprovalAsked | None, is_later: bool
) -> tuple[Saga, PlaceOrder]:
    """The flow of an order and its payload: an order that has nothing to wait for does not pay for waiting."""
    if approval is None and not is_later:
        return place_order, PlaceOrder.of(terms, caller)
    over = approval is not None and approval.over_budget
    return place_order_asked, PlaceOrderAsked.of(terms, caller, approval=approval, over_budget=over)
