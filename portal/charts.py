"""Where the bars of a cost chart stand: worked out here, drawn by components/chart.html as SVG, without a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

LEFT, TOP, BASE = 48, 14, 202  # of the plot, in the drawing's units; LEFT leaves room for the figures of the axis
WIDE, NARROW = (760, 13), (320, 6)  # width of the drawing, and how many bars it holds
ZERO = Decimal(0)


@dataclass(frozen=True)
class Month:
    """One month's amount; `share` is its part of the limit."""

    month: Any
    amount: Decimal
    is_expected: bool
    is_now: bool
    share: Decimal | None


@dataclass(frozen=True)
class Bar:
    """A month in its place."""

    month: Any
    amount: Decimal
    is_expected: bool
    is_now: bool
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Level:
    """A line across the drawing: one of the grid's, or the limit."""

    figure: Decimal
    y: float


@dataclass(frozen=True)
class Plot:
    """One drawing."""

    width: int
    bars: list[Bar]
    ticks: list[Level]
    limit: Level | None


@dataclass(frozen=True)
class Chart:
    """The months of a table, and the two drawings above it."""

    months: list[Month]
    limit: Decimal | None

    @property
    def first(self) -> Month:
        return self.months[0]

    @property
    def last(self) -> Month:
        return next((month for month in self.months if month.is_now), self.months[-1])

    @property
    def has_limit(self) -> bool:
        return bool(self.limit)

    @property
    def wide(self) -> Plot:
        return _plot(self.months, self.limit, *WIDE)

    @property
    def narrow(self) -> Plot:
        return _plot(self.months, self.limit, *NARROW)


def chart(points: Sequence[Any], limit: Any = None) -> Chart:
    """Take the points of a chart, oldest first: objects or mappings with month, amount and perhaps expected.

    Amounts and the limit are money or numbers of one currency.
    """
    ceiling = None if limit is None else _figure(limit)
    known = [i for i, point in enumerate(points) if not _get(point, "expected")]
    months = []
    for i, point in enumerate(points):
        amount = _figure(_get(point, "amount"))
        share = amount / ceiling if ceiling else None
        is_now = bool(known) and i == known[-1]
        months.append(Month(_get(point, "month"), amount, bool(_get(point, "expected")), is_now, share))
    return Chart(months, ceiling)


def _plot(months: list[Month], limit: Decimal | None, width: int, most: int) -> Plot:
    now = next((i for i, month in enumerate(months) if month.is_now), len(months))
    start = min(max(len(months) - most, 0), now)  # the last ones, but this month among them
    shown = months[start : start + most]
    figures = [month.amount for month in shown]
    step = _step(max([*figures, limit or ZERO, Decimal(4)]) - min([*figures, ZERO]))
    low = (min([*figures, ZERO]) / step).to_integral_value(ROUND_FLOOR) * step
    high = max([*figures, limit or ZERO, step])

    def level(figure: Decimal) -> float:
        return round(BASE - float((figure - low) / (high - low)) * (BASE - TOP), 1)

    lines = int(((high - low) / step).to_integral_value(ROUND_FLOOR))
    ticks = [Level(low + step * i, level(low + step * i)) for i in range(lines + 1)]
    if limit:  # the figure of the limit stands on its own line; one of the grid's close to it would cross it out
        ticks = [tick for tick in ticks if abs(tick.y - level(limit)) > TOP]
    return Plot(width, _bars(shown, width, most, level), ticks, Level(limit, level(limit)) if limit else None)


def _bars(shown: list[Month], width: int, most: int, level: Callable[[Decimal], float]) -> list[Bar]:
    """A month of credits hangs below the line."""
    pitch = (width - LEFT - 4) / max(len(shown), most // 2)
    thick = round(min(pitch * 0.64, 44), 1)
    bars = []
    for i, month in enumerate(shown):
        top, bottom = sorted((level(month.amount), level(ZERO)))
        x = round(LEFT + 4 + pitch * i + (pitch - thick) / 2, 1)
        height = round(bottom - top, 1)
        bars.append(Bar(month.month, month.amount, month.is_expected, month.is_now, x, top, thick, height))
    return bars


def _step(height: Decimal) -> Decimal:
    """How far apart the grid's lines are: 1, 2 or 5 times a power of ten, so that three to five lines are drawn."""
    rough = height / 4
    power = Decimal(10) ** rough.adjusted()
    return next(power * m for m in (1, 2, 5, 10) if power * m >= rough)


def _get(point: Any, name: str) -> Any:
    return point.get(name) if isinstance(point, Mapping) else getattr(point, name, None)


def _figure(value: Any) -> Decimal:
    bare = value["amount"] if isinstance(value, Mapping) else getattr(value, "amount", value)
    return Decimal(str(bare))
