"""What an operator watches of the coordinator: how many runs are where, and whether any timer is late."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.columns import Instant
from domains.kernel.metering import Reading

from . import tables, transports
from .definition import known
from .tables import run

log = logging.getLogger(__name__)
LATE = timedelta(seconds=60)  # until a timer that has not fired counts as stuck


def readings() -> Iterator[Reading]:
    """Every gauge as it stands now."""
    with tables.db.begin_read() as session:
        now = clock.now(session)
        rows = under_way(session, now)
    yield from _of_runs(rows, now)
    for queue, waiting in transports.current().depths().items():
        yield Reading("queue.depth", waiting, {"queue": queue})


def under_way(session: Session, now: Any) -> list[Any]:
    """Runs that have not ended, counted by definition, version, status and pause; those without a timer are paused."""
    late = (run.c.next_at < bindparam("late", now - LATE, type_=Instant)) & (run.c.paused == 0)
    stuck = func.sum(case((late, 1), else_=0)).label("stuck")
    kinds = (run.c.definition, run.c.definition_version, run.c.status, run.c.paused)
    counted = select(*kinds, func.count().label("runs"), stuck, func.min(run.c.next_at).label("first"))
    return list(session.execute(counted.where(run.c.next_at.is_not(None)).group_by(*kinds)))


def unknown_versions() -> dict[str, int]:
    """Runs under way that nobody of this release can carry on, by the name and version of their saga."""
    with tables.db.begin_read() as session:
        return _unknown(under_way(session, clock.now(session)))


def warn_of_unknown_versions() -> None:
    """Say loudly when runs wait for a release that knows them: nobody carries them on meanwhile."""
    try:
        for name, count in unknown_versions().items():
            log.error("runs wait for a release that knows them", extra={"saga": name, "count": count})
    except Exception:  # a database that is away is no reason not to start
        log.exception("nobody knows which versions are under way")


def _unknown(rows: list[Any]) -> dict[str, int]:
    here, found = set(known()), dict[str, int]()
    for row in rows:
        if (row.definition, row.definition_version) not in here:
            name = f"{row.definition} {row.definition_version}"
            found[name] = found.get(name, 0) + row.runs
    return found


def _of_runs(rows: list[Any], now: Any) -> Iterator[Reading]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        kind = row.definition, "paused" if row.paused else row.status
        counts[kind] = counts.get(kind, 0) + row.runs
    for (flow, status), count in sorted(counts.items()):
        yield Reading("saga.runs", count, {"flow": flow, "status": status})
    waits = [(now - row.first).total_seconds() for row in rows if not row.paused]
    yield Reading("saga.overdue", max(0.0, *waits, 0.0), {})
    yield Reading("saga.stuck", sum(row.stuck for row in rows), {})
    yield Reading("saga.attention", sum(row.runs for row in rows if row.status == "needs_attention"), {})
    yield Reading("saga.unknown", sum(_unknown(rows).values()), {})
