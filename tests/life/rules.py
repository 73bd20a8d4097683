"""The provider's rules once more, from its description alone: what a subscription must look like, day by day.

Nothing of the product and nothing of the sandbox is used here, so that a fault of theirs is not repeated. An offer's
windows and limits are the provider's data; everything else is written down below.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}
RUNNING = ("active", "suspended")
LEGAL = {  # from one look at a subscription to the next, some time later
    "pending": {"active", "failed", "canceled"},
    "active": {"suspended", "canceled", "expired"},
    "suspended": {"active", "canceled", "expired"},
}
DAY = timedelta(days=1)


def months_on(day: date, months: int) -> date:
    """The same day some months later, or the last of its month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Offer:
    """What is sold, and the windows and limits that its provider states."""

    id: str
    kind: str
    name: str
    least: int
    most: int
    cancel_hours: int | None
    return_hours: int | None
    extend: str
    longest: int
    plans: tuple[tuple[str, str], ...]
    needs: tuple[str, ...]

    @classmethod
    def of(cls, said: dict[str, Any]) -> Offer:
        rules = said["policy"]
        return cls(
            said["id"], said["kind"], said["name"], said["min_quantity"], said["max_quantity"],
            rules["cancel_window_hours"], rules["return_window_hours"] if rules["returnable"] else None,
            rules["extend"], rules["max_term_months"],
            tuple((plan["term"], plan["billing_cycle"]) for plan in said["plans"]),
            tuple(said["addon_of"] + said["prerequisites"]),
        )  # fmt: skip


@dataclass
class Lot:
    """Seats that came together."""

    quantity: int
    added_at: datetime
    until: datetime | None


@dataclass
class Held:
    """One subscription at the provider. `units` are the days on which its units became others, by the provider's day
    and by the customer's; `terms` are the first days of the terms that it went on into, with how.
    """

    offer: Offer
    term: str
    cycle: str
    quantity: int
    begun: date
    last: date | None
    status: str = "active"
    end: str = "renew"
    is_extended: bool = False
    lots: list[Lot] = field(default_factory=list)
    cancel_until: datetime | None = None
    planned: int | None = None
    terms: list[tuple[date, str]] = field(default_factory=list)
    ended_on: date | None = None

    @classmethod
    def bought(cls, offer: Offer, term: str, cycle: str, quantity: int, now: datetime) -> Held:
        """What was bought now: its first term begins on the day, in UTC."""
        today = now.date()
        last = months_on(today, MONTHS[term]) - DAY if term in MONTHS else None
        end = "renew" if last and offer.kind != "trial" else "cancel"
        made = cls(offer, term, cycle, quantity, today, last, end=end)
        made.open_windows(now)
        return made

    # ---- windows

    def open_windows(self, now: datetime) -> None:
        self.lots = [self._lot(self.quantity, now)]
        hours = self.offer.cancel_hours
        self.cancel_until = now + timedelta(hours=hours) if hours else None

    def _lot(self, quantity: int, now: datetime) -> Lot:
        hours = self.offer.return_hours
        return Lot(quantity, now, now + timedelta(hours=hours) if hours else None)

    def returnable(self, now: datetime) -> int:
        """How many seats are within their window."""
        return sum(lot.quantity for lot in self.lots if lot.until is not None and now < lot.until)

    # ---- what may be done

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    def may_set(self, quantity: int, now: datetime) -> bool:
        """Whether there may be so many seats: more at any time, fewer only out of open windows."""
        if self.status != "active" or not self.offer.least <= quantity <= self.offer.most:
            return False
        return quantity > self.quantity or (
            quantity < self.quantity and self.quantity - quantity <= self.returnable(now)
        )

    def may_cancel(self, now: datetime) -> bool:
        return self.is_running and self.cancel_until is not None and now < self.cancel_until

    def locked(self, now: datetime) -> bool:
        """Whether nobody hears any more what shall be at the end of the term."""
        assert self.last is not None
        return now >= datetime.combine(self.last, time(), UTC)

    def may_decide(self, mode: str, now: datetime) -> bool:
        if self.status != "active" or self.last is None or self.locked(now):
            return False
        ways = {"renew", "cancel", "bridge"} if self.offer.kind in ("seat", "addon") else {"renew", "cancel"}
        if self.offer.kind == "trial":
            ways = {"cancel"}
        return mode in (ways - {"renew"} if self.is_extended else ways)

    def end_dates(self) -> list[date]:
        """The later last days: month by month, of some offers month ends only; never beyond the longest term."""
        if self.status != "active" or self.last is None or self.offer.extend in ("none", "next_term"):
            return []
        days = [months_on(self.last, months) for months in range(13)]
        if self.offer.extend == "month_end":
            days = [day.replace(day=monthrange(day.year, day.month)[1]) for day in days]
        longest = months_on(self.begun, self.offer.longest)
        return sorted({day for day in days if self.last < day <= longest})[:12]

    def may_suspend(self) -> bool:
        return self.status == "active" and self.last is not None and self.offer.kind != "trial"

    def may_plan(self) -> bool:
        return self.may_suspend() and self.end == "renew"

    def longer(self) -> list[tuple[str, str]]:
        """The longer terms that may be begun today."""
        if self.status != "active" or self.offer.kind != "seat" or self.term not in MONTHS:
            return []
        return [plan for plan in self.offer.plans if MONTHS.get(plan[0], 0) > MONTHS[self.term]]

    # ---- what is done

    def set_quantity(self, quantity: int, now: datetime) -> None:
        if quantity > self.quantity:
            self.lots.append(self._lot(quantity - self.quantity, now))
        else:
            self._give_back(self.quantity - quantity, now)
        self.quantity, self.planned = quantity, None

    def _give_back(self, seats: int, now: datetime) -> None:
        for lot in reversed(self.lots):
            if lot.until is not None and now < lot.until:
                taken = min(lot.quantity, seats)
                lot.quantity, seats = lot.quantity - taken, seats - taken
        assert seats == 0
        self.lots = [lot for lot in self.lots if lot.quantity]

    def cancel(self, today: date) -> None:
        self.status, self.end, self.ended_on, self.planned = "canceled", "cancel", today, None

    def decide(self, mode: str, is_change: bool = False) -> None:
        """What happens at the end. Said as a cancellation (`is_change`) it deletes what was planned."""
        self.end = mode
        self.planned = None if is_change else self.planned

    def extend(self, day: date) -> None:
        self.last, self.planned = day, None

    def lengthen(self, plan: tuple[str, str], quantity: int, today: date) -> None:
        """Another, longer term from today; windows stay as they are."""
        self.term, self.cycle = plan
        self.quantity, self.begun, self.end, self.planned = quantity, today, "renew", None
        self.last = months_on(today, MONTHS[self.term]) - DAY

    def pass_days(self, today: date) -> None:
        """Let the terms end that were over before today, each as it was decided."""
        while self.is_running and self.last is not None and today > self.last:
            first = self.last + DAY
            if self.end == "bridge" and self.status == "active":
                self._bridge(first)
            elif self.end == "renew" and self.status == "active":
                self._renew(first)
            else:
                self.status, self.ended_on, self.planned = "expired", first, None

    def _bridge(self, first: date) -> None:
        self.term, self.cycle, self.is_extended = "P1M", "monthly", True
        self.last = months_on(first, 1) - DAY
        self.cancel_until = datetime.combine(self.last + DAY, time(), UTC)
        self.terms.append((first, "bridged"))

    def _renew(self, first: date) -> None:
        if self.planned is not None:
            self.quantity, self.planned = self.planned, None
        self.last = months_on(first, MONTHS[self.term]) - DAY
        self.open_windows(datetime.combine(first, time(), UTC))
        self.terms.append((first, "renewed"))
