"""When somebody is reminded that a decision is open: on six mornings before the deadline, in the customer's own days.

Pure reckoning: days are counted on the calendar of the customer's zone, so a night that clocks change in is a night.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

RUNGS = (90, 60, 30, 14, 7, 2)  # days before the deadline
ESCALATES, TO_DESK = 7, 2  # from these on the customer's owners hear of it, and who looks after the account
MORNING = time(8)


def moment_of(rung: int, deadline: datetime, zone: str) -> datetime:
    """The morning, in the customer's zone, that lies so many days before the day of the deadline."""
    here = ZoneInfo(zone)
    day = deadline.astimezone(here).date() - timedelta(days=rung)
    return datetime.combine(day, MORNING, here).astimezone(UTC)


def moments(deadline: datetime, zone: str, begins: date) -> list[tuple[int, datetime]]:
    """The rungs of a term that began on a day, with their moments, the earliest first.

    None before the term has run for a while: what was bought this morning asks nobody to decide today.
    """
    length = (deadline.date() - begins).days
    fitting = [rung for rung in RUNGS if 2 * rung <= length]
    return [(rung, moment_of(rung, deadline, zone)) for rung in fitting]


def due(deadline: datetime, zone: str, begins: date, now: datetime, reminded: int | None) -> int | None:
    """The rung to send now: the newest whose moment has come, unless that one (or a later one) was sent. None: none.

    What was missed is not made up for: one reminder says how much time is left.
    """
    if now >= deadline:
        return None
    come = [rung for rung, moment in moments(deadline, zone, begins) if moment <= now]
    return come[-1] if come and (reminded is None or come[-1] < reminded) else None


def next_moment(deadline: datetime, zone: str, begins: date, now: datetime, reminded: int | None) -> datetime | None:
    """When to look again: now while one is due, else the next rung's moment; None when none comes any more."""
    if due(deadline, zone, begins, now, reminded) is not None:
        return now
    left = [moment for rung, moment in moments(deadline, zone, begins) if moment > now]
    return min((moment for moment in left if moment < deadline), default=None)


def audience(rung: int) -> str:
    """Who hears of it: the owner, the customer's owners too, or who looks after the account as well."""
    return "desk" if rung <= TO_DESK else "owners" if rung <= ESCALATES else "owner"
