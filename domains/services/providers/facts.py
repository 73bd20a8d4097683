"""What a cloud computing provider says, in the words we read it in; a field it adds is ignored, an unknown state kept.

Everything from outside is checked into these shapes, its texts cut to what we keep; what does not fit is no answer.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from domains.kernel.errors import Invalid

from ..pricing.reckoning import ANNUAL, MONTHLY, ONE_TIME, months_of
from .border import COUNT, LAST_YEAR, Currency, ProviderId, Whole, Word, believed, day_within_reach, last_day
from .plans import EndOfTerm, PlanChoice


class Price(Word, frozen=True):
    """Our cost per unit and billing cycle, in one currency; the list price is what everybody is asked, if said."""

    currency: Currency
    purchase_price: Decimal
    list_price: Decimal | None = None

    def tidied(self, name: str, said: Any) -> Any:
        if name in ("purchase_price", "list_price") and said is not None and said < 0:
            raise ValueError("a price below zero")
        return said


class CataloguePlan(Word, frozen=True):
    """One way to buy an offer, with its prices."""

    term: str
    billing_cycle: str
    prices: tuple[Price, ...]

    @property
    def is_sellable(self) -> bool:
        """Whether we can reckon with it; what we cannot is not offered."""
        try:
            months_of(self.term)
        except Invalid:
            return False
        return self.billing_cycle in (MONTHLY, ANNUAL, ONE_TIME)


POLICY_NUMBERS = {"cancel_window_hours": 100_000, "return_window_hours": 100_000, "max_term_months": 1200}


class CatalogueOffer(Word, frozen=True):
    """Something the provider sells. `countries` is ("*",) or country codes; `policy` is kept as data."""

    most = {"vendor": 120, "category": 80, "kind": 20, "unit": 40, "description": 20_000, "version": 40}

    id: ProviderId
    vendor: str
    category: str
    name: str
    kind: str
    unit: str
    plans: tuple[CataloguePlan, ...]
    description: str = ""
    addon_of: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    min_quantity: Whole = 1
    max_quantity: Whole | None = None
    countries: tuple[str, ...] = ("*",)
    policy: dict[str, Any] = {}
    valid_from: str | None = None
    valid_to: str | None = None
    version: int | str = 1

    def tidied(self, name: str, said: Any) -> Any:
        if name == "plans":
            return tuple(plan for plan in said if plan.is_sellable)
        if name == "countries":
            return tuple(dict.fromkeys(code for code in said if re.fullmatch(r"\*|[A-Z]{2}", code)))
        if name == "policy":
            return {key: value for key, value in said.items() if _is_reckonable(key, value)}
        if name in ("valid_from", "valid_to") and said:
            date.fromisoformat(said[:10])
        return said

    def day(self, name: str) -> date | None:
        """`valid_from` or `valid_to` as a day, whether it was said as a day or as an instant."""
        said = getattr(self, name)
        return date.fromisoformat(said[:10]) if said else None


def _is_reckonable(name: str, said: Any) -> bool:
    """Whether a rule of a policy can be gone by: hours and months are numbers of a size that people use."""
    most = POLICY_NUMBERS.get(name)
    return most is None or said is None or (type(said) in (int, float) and 0 <= said <= most)


class Refusal(Word, frozen=True):
    """The provider's reason for a no."""

    most = {"code": 80, "message": 900}

    code: str
    message: str = ""
    data: dict[str, Any] | None = None


class Customer(Word, frozen=True):
    """Our tenant at the provider; `reference` is ours."""

    id: ProviderId
    reference: str
    name: str
    country: str
    domain: str
    status: str


class User(Word, frozen=True):
    """A person the provider knows within a tenant."""

    id: ProviderId
    principal_name: str
    display_name: str
    email: str
    status: str
    roles: tuple[str, ...] = ()
    mfa_enabled: bool = False
    last_sign_in_at: datetime | None = None
    created_at: datetime | None = None


class PlacedLine(Word, frozen=True):
    """A line of an order over there; `reference` is our subscription's id."""

    reference: str
    status: str
    subscription_id: ProviderId | None = None
    error: Refusal | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class PlacedOrder(Word, frozen=True):
    """An order over there; `reference` is our order's id. Statuses are open: one we do not know is still at work."""

    id: ProviderId
    reference: str
    status: str
    lines: tuple[PlacedLine, ...]
    retry_after: float | None = None
    error: Refusal | None = None

    def tidied(self, name: str, said: Any) -> Any:
        return believed(said) if name == "retry_after" else said


class HeldLot(Word, frozen=True):
    """Seats that were added together."""

    quantity: Whole
    added_at: datetime
    returnable_until: datetime | None = None


class HeldSubscription(Word, frozen=True):
    """A subscription over there; `valid_to` is inclusive, None when it does not end.

    `start_date` is None where the provider keeps no dates and we do. `customer` is our reference of the tenant.
    """

    most = {"status": 40, "term": 10, "billing_cycle": 10, "end_of_term": 20}

    id: ProviderId
    reference: str | None
    quantity: Whole
    status: str
    start_date: date | None
    valid_to: date | None
    auto_renew: bool = False
    lots: tuple[HeldLot, ...] = ()
    cancelable_until: datetime | None = None
    version: Whole = 0
    customer: str | None = None
    offer_id: ProviderId | None = None
    name: str | None = None
    term: str | None = None
    billing_cycle: str | None = None
    parent_subscription_id: ProviderId | None = None
    end_of_term: str | None = None  # what happens on the last day: renew, cancel, bridge
    next_term: dict[str, Any] | None = None  # what changes with the renewal

    def tidied(self, name: str, said: Any) -> Any:
        if name == "start_date":
            return day_within_reach(said) if said is not None else None
        return last_day(said) if name == "valid_to" else said


class Returnable(Word, frozen=True):
    """Seats that can go back until a moment."""

    quantity: Whole
    until: datetime


class ChangePolicy(Word, frozen=True):
    """What the provider allows for one subscription now.

    `deletes_scheduled` names the changes that delete what is planned for the next term; `suspended_at_end` what
    becomes of a suspended one when its term ends (expires, renews); `renewal_offers` the offers whose plans the next
    term can begin with; `addons` what an act on it (cancel, suspend,
    expire) means for what adds to it: block, keep or follow.
    """

    most = {"extend_mode": 20, "suspended_at_end": 20}

    can_increase: bool = True
    min_quantity: Whole = 1
    max_quantity: Whole | None = None
    returnable: tuple[Returnable, ...] = ()
    cancel_until: datetime | None = None
    cancel_at_end_allowed: bool = True
    allowed_end_dates: tuple[date, ...] = ()
    extend_mode: str = "none"
    locked_from: datetime | None = None
    reasons: dict[str, Refusal] = {}
    can_suspend: bool = False
    can_resume: bool = False
    suspended_at_end: str = ""
    can_schedule: bool = False
    deletes_scheduled: tuple[str, ...] = ()
    transitions: tuple[PlanChoice, ...] = ()
    renewal_offers: tuple[ProviderId, ...] = ()
    addons: dict[str, str] = {}
    end_of_term: EndOfTerm | None = None

    def tidied(self, name: str, said: Any) -> Any:
        if name == "allowed_end_dates":
            return tuple(day for day in said if day.year < LAST_YEAR)
        return said


class Refund(Word, frozen=True):
    """What we get back, in purchase prices."""

    amount: Decimal
    currency: Currency


class MadeChange(Word, frozen=True):
    """A change over there; `reference` is our change's id. With `subscription` as it stands after it."""

    id: ProviderId
    reference: str
    subscription_id: str
    status: str
    error: Refusal | None = None
    retry_after: float | None = None
    subscription: HeldSubscription | None = None
    refund: Refund | None = None

    def tidied(self, name: str, said: Any) -> Any:
        return believed(said) if name == "retry_after" else said


class Amount(Word, frozen=True):
    """What a line costs us."""

    amount: Decimal
    currency: Currency


class MonthLine(Word, frozen=True):
    """A line of what a month costs us: units for days, the last one not included. Negative for a refund."""

    most = {"kind": 20}

    id: ProviderId
    subscription_reference: str | None
    kind: str
    quantity: Annotated[int, msgspec.Meta(ge=-COUNT, le=COUNT)]
    from_date: date
    to_date: date
    amount: Amount
    subscription_id: ProviderId | None = None  # what it calls the subscription itself

    def tidied(self, name: str, said: Any) -> Any:
        return day_within_reach(said) if name in ("from_date", "to_date") else said


class Items(Word, frozen=True):
    """A page of anything; its items are read one by one afterwards."""

    most = {"next_cursor": 4000}

    items: tuple[msgspec.Raw, ...]
    next_cursor: str | None = None
