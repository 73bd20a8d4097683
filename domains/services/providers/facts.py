"""What a cloud computing provider says, in the words we read it in; a field it adds is ignored, an unknown state kept.

Everything that comes from outside is checked into these shapes; what does not fit counts as no answer.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec


class Price(msgspec.Struct, frozen=True):
    """Our cost per unit and billing cycle, in one currency."""

    currency: str
    purchase_price: Decimal


class CataloguePlan(msgspec.Struct, frozen=True):
    """One way to buy an offer, with its prices."""

    term: str
    billing_cycle: str
    prices: tuple[Price, ...]


class CatalogueOffer(msgspec.Struct, frozen=True):
    """Something the provider sells. `countries` is ("*",) or country codes; `policy` is kept as data."""

    id: str
    vendor: str
    category: str
    name: str
    kind: str
    unit: str
    plans: tuple[CataloguePlan, ...]
    description: str = ""
    addon_of: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    min_quantity: int = 1
    max_quantity: int | None = None
    countries: tuple[str, ...] = ("*",)
    policy: dict[str, Any] = {}
    valid_from: str | None = None
    valid_to: str | None = None
    version: int | str = 1

    def day(self, name: str) -> date | None:
        """`valid_from` or `valid_to` as a day, whether it was said as a day or as an instant."""
        said = getattr(self, name)
        return date.fromisoformat(said[:10]) if said else None


class Refusal(msgspec.Struct, frozen=True):
    """The provider's reason for a no."""

    code: str
    message: str = ""
    data: dict[str, Any] | None = None


class Customer(msgspec.Struct, frozen=True):
    """Our tenant at the provider; `reference` is ours."""

    id: str
    reference: str
    name: str
    country: str
    domain: str
    status: str


class User(msgspec.Struct, frozen=True):
    """A person the provider knows within a tenant."""

    id: str
    principal_name: str
    display_name: str
    email: str
    status: str
    roles: tuple[str, ...] = ()
    mfa_enabled: bool = False
    last_sign_in_at: datetime | None = None
    created_at: datetime | None = None


class PlacedLine(msgspec.Struct, frozen=True):
    """A line of an order over there; `reference` is our subscription's id."""

    reference: str
    status: str
    subscription_id: str | None = None
    error: Refusal | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class PlacedOrder(msgspec.Struct, frozen=True):
    """An order over there; `reference` is our order's id. Statuses are open: one we do not know is still at work."""

    id: str
    reference: str
    status: str
    lines: tuple[PlacedLine, ...]
    retry_after: float | None = None
    error: Refusal | None = None


class HeldLot(msgspec.Struct, frozen=True):
    """Seats that were added together."""

    quantity: int
    added_at: datetime
    returnable_until: datetime | None = None


class HeldSubscription(msgspec.Struct, frozen=True):
    """A subscription over there; `valid_to` is inclusive, None when it does not end."""

    id: str
    reference: str | None
    quantity: int
    status: str
    start_date: date
    valid_to: date | None
    auto_renew: bool = False
    lots: tuple[HeldLot, ...] = ()
    cancelable_until: datetime | None = None
    version: int = 0


class Returnable(msgspec.Struct, frozen=True):
    """Seats that can go back until a moment."""

    quantity: int
    until: datetime


class ChangePolicy(msgspec.Struct, frozen=True):
    """What the provider allows for one subscription now."""

    can_increase: bool = True
    min_quantity: int = 1
    max_quantity: int | None = None
    returnable: tuple[Returnable, ...] = ()
    cancel_until: datetime | None = None
    cancel_at_end_allowed: bool = True
    allowed_end_dates: tuple[date, ...] = ()
    extend_mode: str = "none"
    locked_from: datetime | None = None
    reasons: dict[str, Refusal] = {}


class Refund(msgspec.Struct, frozen=True):
    """What we get back, in purchase prices."""

    amount: Decimal
    currency: str


class MadeChange(msgspec.Struct, frozen=True):
    """A change over there; `reference` is our change's id. With `subscription` as it stands after it."""

    id: str
    reference: str
    subscription_id: str
    status: str
    error: Refusal | None = None
    retry_after: float | None = None
    subscription: HeldSubscription | None = None
    refund: Refund | None = None


class Amount(msgspec.Struct, frozen=True):
    """What a line costs us."""

    amount: Decimal
    currency: str


class MonthLine(msgspec.Struct, frozen=True):
    """A line of what a month costs us: units for days, the last one not included. Negative for a refund."""

    id: str
    subscription_reference: str | None
    kind: str
    quantity: int
    from_date: date
    to_date: date
    amount: Amount


class Items(msgspec.Struct, frozen=True):
    """A page of anything; its items are read one by one afterwards."""

    items: tuple[msgspec.Raw, ...]
    next_cursor: str | None = None
