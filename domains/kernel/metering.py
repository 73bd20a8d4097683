"""Metrics: how many, how long and how late, told to the collector that the settings name for traces.

Off, which is the default, nothing of OpenTelemetry is imported and a measurement costs a function call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .config import Settings


class Reading(NamedTuple):
    """One value of a gauge: its name, and the facts that tell it from others of the name."""

    name: str
    value: float
    facts: dict[str, str]


_meters: Any = None  # exporting_metrics.Meters of this process


def start(settings: Settings, process: str, gauges: Callable[[], Iterable[Reading]]) -> None:
    """Send this process's metrics from now on, when the settings ask for it. Starts a thread: call it after the fork.

    `gauges` is called in that thread whenever readings are due; what it raises is logged and costs those still to come.
    """
    global _meters
    if settings.telemetry != "off":
        from .exporting_metrics import Meters

        _meters = Meters(settings, process, gauges)


def stop() -> None:
    """Send what was measured last, within seconds, and measure nothing more."""
    global _meters
    if _meters is not None:
        meters, _meters = _meters, None
        meters.close()


def took(name: str, seconds: float, **facts: Any) -> None:
    """Note how long something took, and by that how often it happened. `facts` are few and short: no ids."""
    if _meters is not None:
        _meters.took(name, seconds, facts)
