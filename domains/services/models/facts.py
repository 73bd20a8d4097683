"""Facts that travel: what the provider has answered, in the shape in which a saga hands it from step to step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from domains.kernel.money import Money, UnitPrice

from ..lots import Lot
from ..pricing.terms import NextTerm as NextTerm


@dataclass(frozen=True)
class Person:
    """Who asked for something, as far as services need to know."""

    user_id: UUID | None
    name: str
    email: str
    language: str = "en"


class PlanChoice(msgspec.Struct, frozen=True, array_like=True):
    """A plan that a subscription can change to, now or at its renewal, as the provider said.

    Kept as a list, to be short. `new_term`: a term of its own begins; `reopens_window`: so do the windows to cancel and
    to give back.
    """

    provider_offer_id: str
    term: str
    billing_cycle: str
    kind: str = "plan"
    new_term: bool = False
    reopens_window: bool = False
    min_quantity: int = 1
    max_quantity: int | None = None


@dataclass(frozen=True)
class EndRules:
    """What the provider allows at the end of a term, as it said: the ways it may end (renew, cancel, bridge), until
    when it listens, and what it does when nobody says anything.

    `set_to` is what happens as it stands now; `surcharge_percent` is what a bridge costs on top of the monthly price.
    """

    modes: tuple[str, ...] = ("renew", "cancel")
    default: str = "renew"
    set_to: str | None = None
    surcharge_percent: Decimal | None = None
    locked_from: datetime | None = None


@dataclass(frozen=True)
class Policy:
    """What the provider allows for one subscription, as it said at `asked_at`. Times are instants, days inclusive.

    `reasons` maps an action (increase, decrease, cancel, extend) to the provider's words for why it is not possible.
    `deletes_scheduled`: the changes that delete what is planned for the next term. `suspended_at_end`: what becomes of
    a suspended one at its term's end (expires, renews). `addons`: what an act (cancel, suspend, expire) means for what
    adds to it (block, keep, follow). `renewal_offers`: those whose plans the next term can begin with. A provider that
    says nothing of these has none of it.
    """

    can_increase: bool = True
    min_quantity: int = 1
    max_quantity: int | None = None
    cancelable_until: datetime | None = None
    cancel_at_end_allowed: bool = True
    allowed_end_dates: tuple[date, ...] = ()
    extend_mode: str = "none"
    locked_from: datetime | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    can_suspend: bool = False
    can_resume: bool = False
    suspended_at_end: str = ""
    can_schedule: bool = False
    deletes_scheduled: tuple[str, ...] = ()
    transitions: tuple[PlanChoice, ...] = ()
    renewal_offers: tuple[str, ...] = ()
    addons: dict[str, str] = field(default_factory=dict)
    end_of_term: EndRules | None = None

    @property
    def end_lock(self) -> datetime | None:
        """From when the provider no longer hears what shall happen at the end of the term; None: it does not say."""
        return (self.end_of_term.locked_from if self.end_of_term else None) or self.locked_from


PLANS = ("transitions", "renewal_offers", "deletes_scheduled", "addons")  # of a policy: what is long, and seldom read


@dataclass(frozen=True)
class AcceptedLine:
    """A line the provider said yes to, with the subscription that came of it. `valid_to` is the inclusive last day."""

    subscription_id: UUID
    provider_subscription_id: str
    quantity: int
    valid_from: date
    valid_to: date
    state: str = "active"
    raw_state: str = "active"
    auto_renew: bool = True
    lots: tuple[Lot, ...] = ()
    policy: Policy = field(default_factory=Policy)
    provider_version: int = 0


@dataclass(frozen=True)
class RejectedLine:
    """A line the provider said no to, and why, in words for the customer."""

    subscription_id: UUID
    code: str
    detail: str


@dataclass(frozen=True)
class ChangeOutcome:
    """How a subscription stands at the provider: after a change, or when we have looked.

    `refund` is what the provider pays back to us for a change, in purchase prices; customers never see it.
    """

    quantity: int
    valid_to: date
    state: str
    raw_state: str
    auto_renew: bool
    valid_from: date
    lots: tuple[Lot, ...] = ()
    policy: Policy = field(default_factory=Policy)
    provider_version: int = 0
    provider_change_id: str | None = None
    refund: Money | None = None
    next_term: NextTerm | None = None
    provider_offer_id: str | None = None
    term: str | None = None
    billing_cycle: str | None = None


@dataclass(frozen=True)
class CcpCustomer:
    """The account's tenant at the provider; `reference` is our account id."""

    id: str
    reference: str
    name: str
    country: str
    domain: str
    status: str


@dataclass(frozen=True)
class CcpUser:
    """The provider's user an account is linked to."""

    id: str
    principal_name: str
    display_name: str
    email: str
    status: str
    roles: tuple[str, ...]
    mfa_enabled: bool
    last_sign_in_at: datetime | None
    created_at: datetime | None


@dataclass(frozen=True)
class CatalogueChange:
    """What a catalogue sync has changed: how many offers are new, changed, and no longer sold."""

    added: int
    changed: int
    ended: int
    offers: int


@dataclass(frozen=True)
class ProviderLine:
    """What the provider bills us for days of one of our subscriptions, in purchase prices.

    `first` to before `after` are the days; they lie in the billing period from `period_first` to before `period_after`.
    """

    line_id: str
    subscription_id: UUID
    kind: str
    quantity: int
    first: date
    after: date
    period_first: date
    period_after: date
    cost: Money


@dataclass(frozen=True)
class StrayLine:
    """What the provider bills us for a subscription that we do not have; `reference` is what it calls ours."""

    line_id: str
    reference: str
    kind: str
    quantity: int
    first: date
    after: date
    cost: Money


@dataclass(frozen=True)
class RenewedTerm:
    """What became of a subscription whose term was over; `outcome` is renewed, bridged, ended or unchanged.

    What goes on is charged: `quantity` units at `unit_price` from `first`, of which `charge_now` pays for the days to
    `charged_until`. `owner_id` is who had to decide; `payer_price` what a reseller pays us where that is another price.
    """

    decision_id: UUID
    outcome: str
    subscription_id: UUID
    account_id: UUID
    account_name: str
    name: str
    number: str
    quantity: int
    unit_price: UnitPrice
    charge_now: Money
    first: date
    valid_to: date
    charged_until: date
    old_price: UnitPrice
    owner_id: UUID | None = None
    payer_price: UnitPrice | None = None


@dataclass(frozen=True)
class Audience:
    """Who is told: `audience` is owner (of the matter), owners (the customer's, too) or desk (who looks after the
    account, too)."""

    audience: str
    owner_id: UUID | None


@dataclass(frozen=True)
class Letter:
    """What is said: a template and its facts, of which `days` are days."""

    template: str
    facts: dict[str, Any]
    days: tuple[str, ...] = ()
