"""The scheduler: starts what must happen by the clock, each under a key made of its name and its time.

A second scheduler is harmless: the same key finds the run that is there.
"""

from __future__ import annotations

import logging
import signal
from datetime import datetime

from domains.kernel import clock, heartbeat, tracing
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.standing import refuse_owner
from domains.kernel.telemetry import start_logging
from domains.kernel.tenancy import Scope, work_as

from . import flows, tables
from .coordinator import Stopping, rest, stop
from .schedules import SCHEDULES, Schedule

log = logging.getLogger(__name__)


def windows_due(schedules: tuple[Schedule, ...], now: datetime, begun: dict[str, str]) -> list[tuple[Schedule, str]]:
    """The schedules whose present time slot this process has not begun yet."""
    slots = [(one, f"{one.name}/{int(now.timestamp()) // one.every}") for one in schedules]
    return [(one, window) for one, window in slots if begun.get(one.name) != window]


def run(settings: Settings) -> None:
    """Run the scheduler until SIGTERM or SIGINT."""
    start_logging(settings.log_level, "scheduler")
    tracing.start(settings, "scheduler")
    bind(settings)
    refuse_owner(settings, ("saga",))
    work_as(Scope.system("scheduler"))
    flows.load()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    begun: dict[str, str] = {}
    try:
        while not Stopping.asked:
            _turn(SCHEDULES, begun)
            rest(2.0)
        log.info("scheduler stopped")
    finally:
        tracing.stop()


def _turn(schedules: tuple[Schedule, ...], begun: dict[str, str]) -> None:
    """Begin what is due. What could not be begun is tried again the next time and holds up nothing else."""
    heartbeat.beat("scheduler")
    try:
        with tables.db.begin_read() as session:
            now = clock.now(session)
    except Exception:
        log.exception("the scheduler could not go on for now")
        return
    for schedule, window in windows_due(schedules, now, begun):
        try:
            schedule.begin(window)
            begun[schedule.name] = window
        except Exception:
            log.exception("this could not be begun for now", extra={"schedule": schedule.name})
