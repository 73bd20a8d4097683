"""The provider's clock: real time plus an offset that the control page may move; customers that test have one more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

from .books import Pages

_ahead: ContextVar[float] = ContextVar("ahead", default=0.0)


def now(pages: Pages) -> datetime:
    """The provider's time, aware UTC; that of the customer in whose time the work is done (`ahead_by`)."""
    state = pages.get("state", "clock") or {"offset": 0.0}
    return datetime.now(UTC) + timedelta(seconds=state["offset"] + _ahead.get())


@contextmanager
def ahead_by(seconds: float) -> Iterator[None]:
    """Work in the time of a customer whose own clock is so many seconds ahead; 0 for everybody else."""
    token = _ahead.set(seconds)
    try:
        yield
    finally:
        _ahead.reset(token)


def moved(pages: Pages) -> dict[str, float]:
    """By how many seconds which customers' own clocks are ahead."""
    return {one["id"]: one["ahead"] for one in pages.find("clock")}


def set_to(pages: Pages, moment: datetime | None) -> None:
    """Set the clock; None follows the real time again."""
    offset = (moment - datetime.now(UTC)).total_seconds() if moment else 0.0
    pages.put("state", {"id": "clock", "offset": offset})


def stamp(moment: datetime) -> str:
    """An instant as it is written on the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed(text: str) -> datetime:
    """An instant as read from the wire."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def add_months(day: date, months: int) -> date:
    """The same day some months on, or the month's last day where it has none."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, month_length(year, month + 1)))


def month_length(year: int, month: int) -> int:
    """How many days a month has."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - date(year, month, 1)).days


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=month_length(day.year, day.month))
