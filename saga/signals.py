"""A run that waits for a person is told that the person has acted, and goes on at once.

The signal may be lost: the run asks by itself, only later.
"""

from __future__ import annotations

import logging
from uuid import UUID

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from domains.kernel import clock, config

from . import store, tables, transports
from .decide import decide
from .events import PATIENT, Signalled

log = logging.getLogger(__name__)


def signal(run_id: UUID) -> None:
    """Have a run ask again now what it waits for. One that waits for nothing, or is not the caller's, is left alone."""
    with tables.db.begin() as session:
        rows = store.locked_runs(session, [run_id])
        if not rows:
            return
        row, now = rows[0], clock.now(session)
        steps, call_time = store.steps_of(session, [run_id])[run_id], config.current().provider_timeout
        decision = decide(
            store.definition_of(row), row, steps, Signalled(), now=now, spread=0.0, call_time=call_time
        )  # fmt: skip
        if decision.ignored:
            return
        store.apply(session, row, decision, now)
        sends = [store.envelope(row, step) for step in decision.send]
    transports.current().send_commands(sends)


def signal_waiting(customer_id: UUID) -> int:
    """Tell all runs of a customer that wait for people or a day, as when its test clock was moved; gives how many."""
    run = tables.run
    query = select(run.c.id).where(run.c.customer_id == customer_id, run.c.waiting_for.in_(PATIENT))
    with tables.db.begin_read() as session:
        waiting = list(session.scalars(query.where(run.c.ended_at.is_(None)).order_by(run.c.id)))
    for run_id in waiting:
        signal(run_id)
    return len(waiting)


def signal_after(session: Session, run_id: UUID | None) -> None:
    """The same once a transaction of a domain's, which holds what the run waits for, has been committed."""

    def tell(_session: Session) -> None:
        try:
            if run_id is not None:
                signal(run_id)
        except Exception:  # what was decided stands; the run finds it by its timer
            log.exception("a run was not told", extra={"run": str(run_id)})

    event.listen(session, "after_commit", tell, once=True)
