"""Where the marks of a term stand on its line: when seats were bought, until when they can go back, today, its end.

Drawn as SVG by subscriptions/_term.html, without a script.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

LEFT, RIGHT = 20.0, 740.0
APART = 76.0  # two labels closer than this would run into each other


@dataclass(frozen=True)
class Mark:
    """A purchase of seats, where it lies, and where its return window ends while it is open.

    `labelled`: there is room for its quantity above the line; `dated`: and for its day below.
    """

    x: float
    quantity: int
    at: datetime
    until: float | None
    labelled: bool
    dated: bool


@dataclass(frozen=True)
class Line:
    """A term as a line. `now` is where today is."""

    first: Any
    last: Any
    now: float
    marks: list[Mark]
    open_until: datetime | None


def termline(it: Any, now: datetime) -> Line | None:
    """The line of a subscription's term; None for what never ends or has not begun."""
    if it.valid_to is None or it.valid_to <= it.valid_from or not it.lots:
        return None
    begin = datetime.combine(it.valid_from, time(), UTC)
    length = (datetime.combine(it.valid_to, time(23, 59), UTC) - begin).total_seconds()

    def place(moment: datetime) -> float:
        share = (moment - begin).total_seconds() / length
        return round(LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT), 1)

    today, marks, taken = place(now), [], [LEFT - APART]
    for lot in sorted(it.lots, key=lambda one: one.added_at):
        x, is_open = place(lot.added_at), lot.is_open(now)
        labelled = x - taken[-1] >= APART and x <= RIGHT - APART
        taken += [x] if labelled else []
        until, dated = place(lot.returnable_until) if is_open else None, labelled and abs(x - today) >= APART
        marks.append(Mark(x, lot.quantity, lot.added_at, until, labelled, dated))
    closes = max((lot.returnable_until for lot in it.lots if lot.is_open(now)), default=None)
    return Line(it.valid_from, it.valid_to, today, marks, closes)
