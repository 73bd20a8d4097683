"""Two coordinators at one run at the same moment: a reply is recorded while the run's timer is acted on.

SQLite lets one writer in at a time, so that only a server's row locks are put to the test here. Both are held where
they have read the run, until the other has read it too or cannot for as long as it is locked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any
from unittest.mock import patch

from domains.kernel import clock
from saga import coordinator, store, tables
from saga.events import OUTSTANDING
from saga.tables import Run
from tests.saga.watch import a_run, at_the_same_time, now_of, transport

from .invariants import hold

PATIENCE = 0.3  # seconds until who has read the run gives up waiting for the other


@contextmanager
def both_reading() -> Iterator[None]:
    """Within the `with` two decisions are made on what was read before either was written, if they can be."""
    together = Barrier(2)

    def decide(*facts: Any, **more: Any) -> Any:
        with suppress(BrokenBarrierError):  # the other waits for the row lock
            together.wait(PATIENCE)
        return decided(*facts, **more)

    decided = coordinator.decide
    with patch.object(coordinator, "decide", decide):
        yield


def race() -> Run:
    """Start a run, let its timer fire while its first reply is recorded, and check what has become of it."""
    run = a_run()
    transport().perform_next()
    _, replies = transport().receive_replies(64, 0)
    assert run.next_at is not None
    with clock.frozen_at(run.next_at + timedelta(seconds=1)), both_reading():
        failed = at_the_same_time(lambda: coordinator.handle(replies), coordinator.wake)
    hold(not any(isinstance(one, Exception) for one in failed), "I15", f"a coordinator failed: {failed}")
    i10_and_i15(run)
    return run


def i10_and_i15(run: Run) -> None:
    """One command is outstanding, and each revision was made by one decision."""
    table = tables.run_event
    with tables.db.begin_read() as session:
        steps = store.steps_of(session, [run.id])[run.id]
        notes = session.execute(table.select().where(table.c.run_id == run.id).order_by(table.c.id)).all()
    waiting = [row["seq"] for row in steps if row["status"] in OUTSTANDING]
    told = [(note.rev, note.kind) for note in notes]
    hold(len(waiting) == 1, "I10", f"outstanding at once: {waiting}")
    made_by = {rev: {kind == "unanswered" for known, kind in told if known == rev} - {False} for rev, _ in told}
    answered = {rev for rev, kind in told if kind == "done"}
    both = [rev for rev in answered if made_by[rev]]
    hold(not both, "I15", f"two decisions made revision {both}: {told}")
    hold(now_of(run).rev == len(made_by), "I15", f"at revision {now_of(run).rev}: {told}")
