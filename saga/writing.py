"""How decisions are written down: the run, its steps and what happened, in one statement for as many as there are."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domains.kernel.messages import context
from domains.kernel.sets import Write, write_all

from .events import Decision
from .tables import run, run_event, run_step

Decided = tuple[Any, Decision]  # a run's row as locked, and what was decided about it


def apply(session: Session, before: Any, decision: Decision, now: datetime) -> None:
    """Write a decision about one run: its row, its steps, and what happened. `before` is the run's row as locked."""
    apply_all(session, [(before, decision)], now)


def apply_all(session: Session, decided: list[Decided], now: datetime) -> None:
    """Write decisions about runs, one for each, in as many statements as one decision takes."""
    touched = sorted({name for _, decision in decided for name in decision.run} | {"rev", "updated_at"})
    rows = []
    for before, decision in decided:
        after = {**before, **decision.run, "rev": before["rev"] + 1, "updated_at": now}
        rows.append({"id": before["id"], **{name: after[name] for name in touched}})
    write_all(session, [Write(run, rows, ("id",)), *of_steps(decided), of_events(decided, now)])


def of_steps(decided: list[Decided]) -> list[Write]:
    """The steps that were decided: new ones, and those that change, by what changes of them."""
    new, changed = [], defaultdict[tuple[str, ...], list[dict[str, Any]]](list)
    for before, decision in decided:
        for (seq, phase, gen), columns in decision.steps.items():
            row = {"run_id": before["id"], "seq": seq, "phase": phase, "gen": gen, **columns}
            if "cmd_id" in columns:
                new.append(row)
            else:
                changed[tuple(sorted(columns))].append(row)
    writes = [Write(run_step, rows, ("run_id", "seq", "phase", "gen")) for _, rows in sorted(changed.items())]
    return [Write(run_step, new), *writes]


def of_events(decided: list[Decided], now: datetime) -> Write:
    """What happened, as it is kept."""
    actor = context().actor.name
    common = [{"run_id": before["id"], "rev": before["rev"] + 1, "at": now, "actor": actor} for before, _ in decided]
    return Write(run_event, [
        {**known, "kind": kind, "seq": seq, "data": data}
        for known, (_, decision) in zip(common, decided, strict=True) for kind, seq, data in decision.notes
    ])  # fmt: skip
