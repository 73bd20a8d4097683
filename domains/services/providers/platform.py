"""What we keep ourselves of a subscription where its provider has no such rule: its dates, its end and its renewal.

The provider then knows what runs, and how many units; our own books say from when to when, and whether it goes on. On
the day after the last one it is renewed in our books, or the provider is told to end it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec
from dateutil.relativedelta import relativedelta

from ..pricing import FOREVER, last_day, months_of
from .capabilities import Capabilities
from .facts import ChangePolicy, HeldSubscription

CHOICES = 12  # days to extend to, a month apart


@dataclass(frozen=True)
class Ours:
    """What our books say of a subscription."""

    quantity: int
    valid_from: date
    valid_to: date
    auto_renew: bool
    term: str

    def renewed(self) -> Ours:
        """The same for one term more."""
        if not months_of(self.term):
            return self
        first = self.valid_to + relativedelta(days=1)
        return replace(self, valid_from=first, valid_to=last_day(first, self.term))

    def is_over(self, today: date) -> bool:
        """Whether the last day has passed."""
        return self.valid_to < today


def completed(able: Capabilities, held: HeldSubscription, ours: Ours) -> HeldSubscription:
    """A subscription with our dates, where its provider keeps none. What has ended keeps the units that it had."""
    if "dates" not in able.platform_managed:
        return held
    facts = {
        "start_date": ours.valid_from, "valid_to": None if ours.valid_to == FOREVER else ours.valid_to,
        "auto_renew": ours.auto_renew and held.status == "active",
        "quantity": held.quantity if held.status == "active" else ours.quantity,
    }  # fmt: skip
    return msgspec.structs.replace(held, **facts)


def allowed(able: Capabilities, policy: ChangePolicy, ours: Ours) -> ChangePolicy:
    """What may be changed, with the days that we extend to where we keep the dates."""
    if able.extend != "platform" or ours.valid_to == FOREVER:
        return policy
    days = tuple(ours.valid_to + relativedelta(months=number) for number in range(1, CHOICES + 1))
    return msgspec.structs.replace(policy, allowed_end_dates=days, extend_mode="free_date", cancel_at_end_allowed=True)


def changed_here(able: Capabilities, change: dict[str, Any], ours: Ours) -> Ours | None:
    """Our books after a change that is made in them alone; None for one that the provider makes, or refuses."""
    kind, mode = change["kind"], change.get("mode")
    if able.takes(change):
        return None
    if kind == "extend" and able.extend == "platform":
        return replace(ours, valid_to=date.fromisoformat(change["end_date"]))
    if "expiry" in able.platform_managed and (kind, mode) in (("cancel", "end_of_term"), ("end_of_term", "cancel")):
        return replace(ours, auto_renew=False)
    if "renewal" in able.platform_managed and (kind, mode) == ("end_of_term", "renew"):
        return replace(ours, auto_renew=True)
    return None
