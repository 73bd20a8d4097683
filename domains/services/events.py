"""What services tell the other domains: orders as they come and go, and subscriptions as they change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domains.kernel.messages import Event, context
from domains.kernel.money import Money

from .models import Subscription


@dataclass(frozen=True)
class OrderDrafted(Event):
    """An order was placed; the provider has not said anything yet."""

    order_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    number: str
    state: str


@dataclass(frozen=True)
class OrderCompleted(Event):
    """The provider has delivered an order, wholly (completed) or in part (partially_completed)."""

    order_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    number: str
    state: str


@dataclass(frozen=True)
class OrderRejected(Event):
    """An order came to nothing, and everything is as it was before. `code` says why, where the provider said no."""

    order_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    number: str
    state: str
    code: str | None = None


@dataclass(frozen=True)
class SubscriptionActivated(Event):
    """A subscription runs from now on. `valid_to` is its inclusive last day."""

    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    order_id: UUID
    number: str
    name: str
    quantity: int
    valid_to: date
    state: str
    currency: str = ""
    cycle_minor: int = 0  # what all units cost for one billing cycle, in minor units
    billing_cycle: str = ""
    valid_from: date | None = None
    auto_renew: bool = False
    run_id: UUID | None = None  # the run that made it so


@dataclass(frozen=True)
class SubscriptionChanged(Event):
    """A subscription's quantity, last day or state is another now, by us or directly at the provider."""

    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    number: str
    name: str
    quantity: int
    valid_to: date
    state: str
    currency: str = ""
    cycle_minor: int = 0  # what all units cost for one billing cycle, in minor units
    billing_cycle: str = ""
    valid_from: date | None = None
    auto_renew: bool = False
    run_id: UUID | None = None  # the run that made it so


@dataclass(frozen=True)
class ApprovalRequested(Event):
    """Somebody must say yes to an order or a change, or was left the decision (`to`, an e-mail address)."""

    approval_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    label: str
    account_name: str
    amount: Money
    requested_by: str
    until: datetime
    to: str | None
    user_id: UUID | None  # who asked, and is not asked back


@dataclass(frozen=True)
class ApprovalDecided(Event):
    """What was asked for is approved, rejected, expired or withdrawn; `user_id` is who had asked for it."""

    approval_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    label: str
    account_name: str
    state: str
    decided_by: str
    reason: str
    user_id: UUID | None


@dataclass(frozen=True)
class QuoteSent(Event):
    """A quote is put before those who may order; `user_id` is who has made it."""

    quote_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    number: str
    account_name: str
    amount: Money
    made_by: str
    until: datetime
    user_id: UUID | None


def costs_of(subscription: Subscription) -> dict[str, Any]:
    """What the events about a subscription tell of its cost, by the names of their fields."""
    return {
        "currency": subscription.currency, "billing_cycle": subscription.billing_cycle,
        "cycle_minor": subscription.unit_price.times(subscription.quantity).minor,
        "valid_from": subscription.valid_from, "auto_renew": subscription.auto_renew, "run_id": context().run_id,
    }  # fmt: skip
