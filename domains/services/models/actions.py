"""What may be done with a subscription now, until when, and if not, why: the same rules for buttons and for commands.

Everything is decided from what the provider said last; nobody is asked while a page is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from dateutil.relativedelta import relativedelta

from domains.kernel.errors import N_, Conflict, Invalid, Refused, Said

from ..lots import Lot, returnable, returnable_until
from ..pricing import FOREVER, charge_day, term_day
from .facts import Policy
from .subscriptions import Subscription

KINDS = ("change_quantity", "cancel", "extend")
_DAY = timedelta(days=1)


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

    @classmethod
    def of(cls, subscription: Subscription, lots: Iterable[Lot], now: datetime, today: date) -> Standing:
        return cls(subscription, subscription.allowed, tuple(lots), now, today)

    @property
    def renews_at(self) -> datetime | None:
        """When the next term begins and windows open again; None when it does not renew."""
        if not self.subscription.auto_renew or self.subscription.valid_to == FOREVER:
            return None
        return datetime.combine(self.subscription.valid_to + _DAY, time(), UTC)

    @property
    def changes_at(self) -> datetime | None:
        """When time alone changes next what may be done (not counting the day's turn); None: not by itself."""
        moments = (self.policy.locked_from, self.policy.cancelable_until, *(lot.returnable_until for lot in self.lots))
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

    def blocked(self) -> tuple[str, str] | None:
        """What stands against any change at all: (code, reason)."""
        state = self.subscription.state
        if self.subscription.open_change_id is not None:
            return "change_in_progress", Said("Another change is under way. Wait until it is done, then look again.")
        if state != "active":
            return "not_active", _NOT_ACTIVE.get(state, Said("Its state at the provider is not known to us."))
        if self.policy.locked_from is not None and self.now >= self.policy.locked_from:
            return "locked_before_renewal", Said("It is about to renew: changes are possible again after the renewal.")
        return None


_NOT_ACTIVE = {
    "pending": Said("It is still being set up."),
    "suspended": Said("It is suspended."),
    "pending_cancellation": Said("It is being cancelled."),
    "canceled": Said("It has been cancelled."),
    "expired": Said("It has ended."),
    "failed": Said("It was never set up."),
}


def allowed_actions(at: Standing) -> tuple[Action, ...]:
    """What may be done now: change_quantity, return_seats, cancel, cancel_at_end_of_term and extend, in this order."""
    blocked = at.blocked()
    if blocked:
        names = ("change_quantity", "return_seats", "cancel", "cancel_at_end_of_term", "extend")
        return tuple(Action(name, False, *blocked) for name in names)
    return (_change(at), _return(at), _cancel(at), _cancel_at_end(at), _extend(at))


def _can_grow(at: Standing) -> bool:
    most = at.policy.max_quantity
    return at.policy.can_increase and (most is None or at.subscription.quantity < most)


def _change(at: Standing) -> Action:
    if _can_grow(at) or at.returnable:
        return Action("change_quantity", True)
    reason = at.policy.reasons.get("increase", Said("The provider allows neither more nor fewer units now."))
    return Action("change_quantity", False, "quantity_fixed", reason, at.renews_at)


def _return(at: Standing) -> Action:
    if at.returnable:
        return Action("return_seats", True, available_until=returnable_until(at.lots, at.now))
    reason = at.policy.reasons.get("decrease", Said("The time in which this could go back has passed."))
    return Action("return_seats", False, "return_window_closed", reason, at.renews_at)


def _cancel(at: Standing) -> Action:
    until = at.policy.cancelable_until
    if until is not None and at.now < until:
        return Action("cancel", True, available_until=until)
    if until is not None:
        reason: str = Said("The window to cancel closed on %(day)s.", day=until.date())
    else:
        reason = at.policy.reasons.get("cancel", Said("It cannot be cancelled during its term."))
    return Action("cancel", False, "cancel_window_closed", reason, at.renews_at)


def _cancel_at_end(at: Standing) -> Action:
    name = "cancel_at_end_of_term"
    if at.subscription.valid_to == FOREVER:
        return Action(name, False, "not_allowed", Said("It was bought once and does not end."))
    if not at.subscription.auto_renew:
        return Action(name, False, "ends_already", Said("It ends on %(day)s as it is.", day=at.subscription.valid_to))
    if not at.policy.cancel_at_end_allowed:
        return Action(name, False, "not_allowed", Said("The provider does not let this end by itself."))
    return Action(name, True, available_until=at.policy.locked_from)


def _extend(at: Standing) -> Action:
    if at.end_dates:
        return Action("extend", True, available_until=at.policy.locked_from)
    reason = at.policy.reasons.get("extend", Said("The provider offers no later end date for this."))
    return Action("extend", False, "extension_not_offered", reason, at.renews_at)


def check_change(
    at: Standing, *, kind: str, quantity: int | None = None, mode: str | None = None, valid_to: date | None = None
) -> None:
    """Refuse a change that the rules do not allow, with what is allowed and from when.

    `kind` is change_quantity (with `quantity`), cancel (with `mode` now or end_of_term) or extend (with `valid_to`).
    """
    if kind not in KINDS:
        raise Invalid(f"“{kind}” cannot be done: use one of {', '.join(KINDS)}.", code="action_invalid", field="action")
    blocked = at.blocked()
    if blocked:
        raise (Conflict if blocked[0] == "change_in_progress" else Refused)(blocked[1], code=blocked[0])
    if kind == "change_quantity":
        _check_quantity(at, quantity)
    elif kind == "cancel":
        _check_cancel(at, mode)
    else:
        _check_extension(at, valid_to)


def _check_quantity(at: Standing, quantity: int | None) -> None:
    current, policy = at.subscription.quantity, at.policy
    if quantity is None or quantity == current:
        raise Invalid(
            "Say another quantity: it is %(now)s now.", code="quantity_unchanged", field="quantity", now=current
        )
    most = policy.max_quantity
    if quantity < policy.min_quantity or (most is not None and quantity > most):
        raise out_of_range(policy.min_quantity, most, "quantity")
    if quantity > current and not policy.can_increase:
        reason = policy.reasons.get("increase", Said("The provider allows no more units now."))
        raise Refused(reason, code="increase_not_allowed", field="quantity")
    if current - quantity > at.returnable:
        raise Refused(_not_returnable(at, current), code="seats_not_returnable", field="quantity",
                      available_from=at.renews_at, returnable=at.returnable)  # fmt: skip


def _not_returnable(at: Standing, current: int) -> Said:
    known = {"returnable": at.returnable, "current": current, "least": current - at.returnable}
    if at.renews_at is None:
        return Said("%(returnable)s of %(current)s can go back now, so %(least)s is the least.", **known)
    text = N_(
        "%(returnable)s of %(current)s can go back now, so %(least)s is the least. More can go on %(day)s, at renewal."
    )
    return Said(text, **known, day=at.renews_at.date())


def out_of_range(least: int, most: int | None, field: str) -> Invalid:
    """The error about a quantity outside what is sold; `most` is None where there is no upper end."""
    code = "quantity_out_of_range"
    if most is None:
        return Invalid("Choose a quantity of %(least)s or more.", code=code, field=field, least=least)
    return Invalid("Choose a quantity of %(least)s to %(most)s.", code=code, field=field, least=least, most=most)


def _check_cancel(at: Standing, mode: str | None) -> None:
    if mode not in ("now", "end_of_term"):
        raise Invalid("Say when it shall end: now or end_of_term.", code="mode_invalid", field="mode")
    _demand(_cancel(at) if mode == "now" else _cancel_at_end(at), field="mode")


def _demand(action: Action, field: str) -> None:
    if not action.enabled:
        code, again = action.reason_code, action.available_from
        raise Refused(action.reason or "That cannot be done now.", code=code, field=field, available_from=again)


def _check_extension(at: Standing, valid_to: date | None) -> None:
    _demand(_extend(at), field="valid_to")
    if valid_to is None:
        raise Invalid("Say the new last day.", code="valid_to_missing", field="valid_to")
    if valid_to <= at.subscription.valid_to:
        late = Said("It runs to %(day)s already: choose a later day.", day=at.subscription.valid_to)
        raise Invalid(late, code="valid_to_not_later", field="valid_to")
    days = at.end_dates
    free = at.policy.extend_mode == "free_date" and not at.policy.allowed_end_dates
    if valid_to not in days and not (free and valid_to <= at.latest_end):
        raise Refused("That day is not offered. Possible are %(days)s.", code="end_date_not_allowed", field="valid_to",
                      days=tuple(days[:4]), allowed_end_dates=days)  # fmt: skip
