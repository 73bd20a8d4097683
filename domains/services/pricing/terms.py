"""The terms a customer is shown before saying yes, in the shape that travels on through the order's saga.

They are plain frozen data: what is promised, what is ordered, what is charged and what is reserved are the same object.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domains.kernel.money import Money, UnitPrice

FOREVER = date(9999, 12, 31)  # last day of what was bought once and does not end


@dataclass(frozen=True)
class LineWish:
    """One line as the customer asks for it. Term and cycle may be left out where the offer has a default.

    `answers` are to what the offer asks, by the keys of its questions.
    """

    offer_id: UUID
    quantity: int
    term: str | None = None
    billing_cycle: str | None = None
    parent_subscription_id: UUID | None = None
    answers: dict[str, str] | None = None


@dataclass(frozen=True)
class PriceBasis:
    """By what a price came about, in what a customer may know of it. It stays with the line of an order.

    `tier` is from how many units on the price holds, where that is more than one; `regular_price` is the price without
    the `promotion`; `on` is the day by which rules and promotions were chosen.
    """

    book: str
    on: date
    agreement: str | None = None
    tier: int | None = None
    promotion_id: str | None = None
    promotion: str | None = None
    regular_price: UnitPrice | None = None


@dataclass(frozen=True)
class OrderLine:
    """One line with everything decided; it becomes one subscription.

    `cycle_price` is a whole billing cycle of all units; `charge_now` is what is charged at activation, for the days
    from the effective day to `charged_until` (inclusive). `valid_to` is the inclusive last day, FOREVER for one-time.
    `payer_price` is what a reseller pays us a unit, where its end-customer pays another price.
    """

    subscription_id: UUID
    offer_id: UUID
    name: str
    vendor: str
    kind: str
    unit: str
    term: str
    billing_cycle: str
    quantity: int
    unit_price: UnitPrice
    charge_now: Money
    cycle_price: Money
    valid_to: date
    undo_until: datetime | None
    parent_subscription_id: UUID | None
    charged_until: date | None = None
    priced_by: PriceBasis | None = None
    payer_price: UnitPrice | None = None
    answers: dict[str, str] | None = None


@dataclass(frozen=True)
class TaxEstimate:
    """Tax on an amount by the simplest domestic rule. An estimate: the invoice decides; `rule` says how we got it."""

    name: str
    country: str
    percent: Decimal
    amount: Money
    rule: str


@dataclass(frozen=True)
class NextInvoice:
    """What the next monthly invoice will hold for this: `net` promised, `amount` with the estimated tax."""

    on: date
    net: Money
    amount: Money


@dataclass(frozen=True)
class OrderTerms:
    """An order with all prices and dates decided, before anybody has said yes.

    `every_month` sums the lines billed monthly; `commitment` is what the whole term costs; `reserve` is one billing
    cycle of every line, held against budget and credit.
    """

    order_id: UUID
    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_name: str
    currency: str
    lines: tuple[OrderLine, ...]
    charge_now: Money
    every_month: Money
    commitment: Money
    reserve: Money
    effective_on: date
    tax_estimate: TaxEstimate
    next_invoice: NextInvoice
    po_reference: str | None = None
    cost_centre: str | None = None
    preview_id: UUID | None = None


@dataclass(frozen=True)
class ChangeTerms:
    """A change of one subscription with its price and dates decided.

    `charge_now` is negative for a refund (`refund` is the same without its sign); `every_month` is by how much a month
    becomes dearer or cheaper; `mode` is now or end_of_term; `valid_to` is the last day before, `valid_to_wish` after.
    """

    change_id: UUID
    subscription_id: UUID
    account_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_name: str
    number: str
    name: str
    kind: str
    from_quantity: int
    to_quantity: int
    mode: str | None
    valid_to: date
    valid_to_wish: date | None
    currency: str
    unit_price: UnitPrice
    charge_now: Money
    refund: Money
    every_month: Money
    commitment: Money
    reserve: Money
    effective_on: date
    undo_until: datetime | None
    tax_estimate: TaxEstimate
    next_invoice: NextInvoice
    deletes_scheduled: tuple[str, ...] = ()
    allowed_end_dates: tuple[date, ...] = ()
    preview_id: UUID | None = None
    subscription_version: int = 0


@dataclass(frozen=True)
class NextTerm:
    """What the next term begins with, where that is planned; None: as it is. `offer_id` is ours, if we know it."""

    quantity: int | None = None
    provider_offer_id: str | None = None
    term: str | None = None
    billing_cycle: str | None = None
    offer_id: UUID | None = None
    name: str | None = None


@dataclass(frozen=True)
class ChangeWish:
    """What of a subscription shall be another thing; each action reads what it needs.

    `mode` is now or end_of_term for a cancellation, remove for what is planned; `valid_to` the new inclusive last day.
    """

    quantity: int | None = None
    valid_to: date | None = None
    mode: str | None = None
    offer_id: UUID | None = None
    term: str | None = None
    billing_cycle: str | None = None


@dataclass(frozen=True)
class PlanTerms:
    """The plan that a change leads to, from `valid_from` to `valid_to`, the last day included.

    `charge` is what it costs to `charged_until`, `refund` what comes back of the plan before; both are above zero.
    `step` is the provider's word: edition, term, conversion. `payer_price` as in `OrderLine`.
    """

    offer_id: UUID
    provider_offer_id: str
    name: str
    vendor: str
    kind: str
    unit: str
    term: str
    billing_cycle: str
    unit_price: UnitPrice
    cycle_price: Money
    charge: Money
    refund: Money
    charged_until: date
    valid_from: date
    valid_to: date
    step: str
    new_term: bool
    reopens_window: bool
    policy: dict[str, Any]
    payer_price: UnitPrice | None = None


@dataclass(frozen=True, kw_only=True)
class PlanChangeTerms(ChangeTerms):
    """A change of plan with its price and dates decided."""

    plan: PlanTerms


@dataclass(frozen=True, kw_only=True)
class ScheduleTerms(ChangeTerms):
    """What the next term shall begin with; None takes back what is planned.

    `next_cycle_price` is what a billing cycle costs then, at today's prices.
    """

    next_term: NextTerm | None
    next_cycle_price: Money
