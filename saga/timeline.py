"""A run as people read it: its steps in words and times, its state as an operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from .decide import unanswered
from .definition import Step, known, saga_of
from .store import steps_of
from .tables import Run

NOT_BEGUN = ("approval", "start_date")  # before they come, nothing of what was asked for is begun
_STEP_STATUS = {
    "SENT": "working",
    "BACKOFF": "working",
    "PENDING": "waiting",
    "DONE": "done",
    "REFUSED": "refused",
    "UNKNOWN": "failed",
    "UNDONE": "undone",
    "NOOP": "undone",
    "SKIPPED": "done",
    "STUCK": "failed",
}


@dataclass(frozen=True)
class TimelineStep:
    """One step of a run. `status`: not_started working waiting done refused failed undoing undone not_reached.

    `title` is English source text for the surface to translate; `error` is {code, detail} of the last try.
    """

    name: str
    title: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    next_at: datetime | None
    error: dict[str, Any] | None


class ShownStep(NamedTuple):
    """What a run's own rows tell of a step."""

    name: str
    title: str
    kind: str
    gives: tuple[str, ...] = ()


def steps_shown(run: Run, rows: list[Any]) -> Sequence[Step | ShownStep]:
    """The steps of a run in their order; of a version that is not (or no longer) known here, those it has come to."""
    if (run.definition, run.definition_version) in known():
        return saga_of(run.definition, run.definition_version).steps
    sent = {row["seq"]: row for row in rows if row["phase"] == "F"}
    return [ShownStep(row["name"], row["name"], row["kind"]) for _, row in sorted(sent.items())]


def timeline(session: Session, run: Run) -> list[TimelineStep]:
    """The steps of a run in their order, each as it stands."""
    found = steps_of(session, [run.id])[run.id]
    rows = {(row["seq"], row["phase"]): row for row in found}
    steps = []
    for seq, step in enumerate(steps_shown(run, found)):
        row, back = rows.get((seq, "F")), rows.get((seq, "C"), rows.get((seq, "W")))
        steps.append(_step(step.name, step.title, row, back, run))
    return steps


def _step(name: str, title: str, row: Any, back: Any, run: Run) -> TimelineStep:
    if row is None or (row["done_at"] and not row["send_no"]):  # held back until it was given up
        never = run.is_final or run.phase == "C"
        return TimelineStep(name, title, "not_reached" if never else "not_started", None, None, 0, None, None)
    status = _STEP_STATUS[row["status"]]
    last = row
    if back is not None and (
        back["phase"] == "C" or row["status"] == "UNKNOWN"
    ):  # what was withdrawn may have happened
        status, last = ("undoing" if back["done_at"] is None else "undone"), back
        if back["status"] in ("SKIPPED", "STUCK"):
            status = "failed"
    waits = last["done_at"] is None
    return TimelineStep(
        name,
        title,
        status,
        row["sent_at"],
        last["done_at"],
        last["attempt"] + 1 + unanswered(last),
        last["due_at"] if waits else None,
        last["error"],
    )


def operation_status(run: Run) -> str:
    """The public state of a run: not_started, running, succeeded, failed or canceled."""
    if run.status == "completed" or (run.status == "resolved" and run.pivoted):
        return "succeeded"
    if run.is_final:
        return "canceled" if (run.error or {}).get("code") == "canceled" else "failed"
    if run.waiting_for in NOT_BEGUN and not run.pivoted:
        return "not_started"
    return "not_started" if run.rev <= 1 and run.seq == 0 else "running"


def waiting_for(run: Run) -> str | None:
    """What a run waits for, where that is not us: provider, approval, start_date, information of the customer's, or
    support when a person must look."""
    return "support" if run.status == "needs_attention" else run.waiting_for


def percent(steps: list[TimelineStep]) -> int:
    """How much of a run is done, in percent of its steps."""
    finished = sum(step.status in ("done", "undone", "refused", "not_reached", "failed") for step in steps)
    return round(100 * finished / len(steps))
