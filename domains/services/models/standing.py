"""A subscription as it stands at one moment, and what stands against changing it: what all its rules look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from dateutil.relativedelta import relativedelta

from domains.kernel.errors import Said

from ..lots import Lot, returnable
from ..pricing import FOREVER, charge_day, term_day
from .facts import NextTerm, Policy
from .subscriptions import Subscription

RUNNING = ("active", "suspended")
WHILE_SUSPENDED = ("resume", "cancel", "cancel_at_end_of_term")
_DAY = timedelta(days=1)
RENEWING = Said("It has just been renewed, and its new price is being worked out. Try again in a few minutes.")
LOCKED = Said("It is about to renew: changes are possible again after the renewal.")


@dataclass(frozen=True)
class Action:
    """Whether something can be done now. `reason` is for people, `reason_code` for programs; both None when enabled.

    `available_from` is when it becomes possible again, `available_until` when it stops being possible.
    """

    action: str
    enabled: bool
    reason_code: str | None = None
    reason: str | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """A subscription as it stands at one moment: everything its rules look at."""

    subscription: Subscription
    policy: Policy
    lots: tuple[Lot, ...]
    now: datetime
    today: date
    addons: int = 0  # how many running ones add to it
    unpriced: bool = False  # a new term has begun that is not priced and charged yet

    @classmethod
    def of(
        cls, subscription: Subscription, lots: Iterable[Lot], now: datetime, today: date, addons: int = 0,
        unpriced: bool = False,
    ) -> Standing:  # fmt: skip
        return cls(subscription, subscription.allowed, tuple(lots), now, today, addons, unpriced)

    @property
    def next_term(self) -> NextTerm | None:
        """What the next term begins with, where that is planned."""
        return self.subscription.planned

    def deletes_scheduled(self, kind: str) -> bool:
        """Whether a change of a kind would delete what is planned for the next term, as the provider says."""
        return self.next_term is not None and kind in self.policy.deletes_scheduled

    @property
    def renews_at(self) -> datetime | None:
        """When the next term begins and windows open again; None when it does not renew."""
        row = self.subscription
        stops = row.state == "suspended" and self.policy.suspended_at_end == "expires"
        if not row.auto_renew or stops or row.valid_to == FOREVER:
            return None
        return datetime.combine(row.valid_to + _DAY, time(), UTC)

    @property
    def changes_at(self) -> datetime | None:
        """When time alone changes next what may be done (not counting the day's turn); None: not by itself."""
        known = (self.policy.locked_from, self.policy.end_lock, self.policy.cancelable_until)
        moments = (*known, *(lot.returnable_until for lot in self.lots))
        return min((moment for moment in moments if moment is not None and moment > self.now), default=None)

    @property
    def charged_on(self) -> date:
        """The day that what is done now is charged by."""
        return charge_day(self.now, self.today, self.subscription.billing_cycle)

    @property
    def returnable(self) -> int:
        """How many units can go back now, without falling below the least quantity."""
        room = self.subscription.quantity - self.policy.min_quantity
        return max(min(returnable(self.lots, self.now), room), 0)

    @cached_property
    def end_dates(self) -> tuple[date, ...]:
        """The later last days that can be chosen: the provider's list, or month ends where it gives none.

        A list is final. Without one, `free_date` allows any day up to `latest_end`, of which these are some.
        """
        endless = self.subscription.valid_to == FOREVER
        if endless or self.policy.extend_mode not in ("free_date", "month_end"):
            return ()
        floor = max(self.subscription.valid_to, term_day(self.now))
        named = [day for day in self.policy.allowed_end_dates if day > floor]
        if named or self.policy.allowed_end_dates:
            return tuple(named)
        first = (floor + _DAY).replace(day=1)
        ends = [first + relativedelta(months=n + 1) - _DAY for n in range(12)]
        return tuple(day for day in ends if self.subscription.valid_to < day <= self.latest_end)

    @cached_property
    def latest_end(self) -> date:
        """The last day that an extension may reach."""
        months = self.subscription.terms_of_offer.get("max_term_months")
        if months:
            return self.subscription.valid_from + relativedelta(months=int(months)) - _DAY
        return max((*self.policy.allowed_end_dates, self.subscription.valid_to + timedelta(days=366)))

    def blocked(self, action: str = "") -> tuple[str, Said] | None:
        """What stands against an action, or against any change at all, whatever the rules of it: (code, reason)."""
        state = self.subscription.state
        if self.subscription.open_change_id is not None:
            return "change_in_progress", Said("Another change is under way. Wait until it is done, then look again.")
        if state == "suspended" and action not in WHILE_SUSPENDED:
            return "suspended", Said("It is suspended. Resume it first.")
        if state not in RUNNING:
            return "not_active", _NOT_ACTIVE.get(state, Said("Its state at the provider is not known to us."))
        if self.policy.locked_from is not None and self.now >= self.policy.locked_from:
            return "locked_before_renewal", LOCKED
        if self.unpriced:  # what is changed now would be charged at the old price, and once more with the new term
            return "renewal_in_progress", RENEWING
        return None


_NOT_ACTIVE = {
    "pending": Said("It is still being set up."),
    "pending_cancellation": Said("It is being cancelled."),
    "canceled": Said("It has been cancelled."),
    "expired": Said("It has ended."),
    "failed": Said("It was never set up."),
}
