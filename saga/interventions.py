"""What people do to runs, in one commit with what follows from it: who, why, when, and on which state of the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import event
from sqlalchemy.orm import Session

from domains.kernel import audit, clock, config
from domains.kernel.database import new_id
from domains.kernel.errors import N_, Conflict, Invalid
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor, Scope

from . import clocks, steering, store, tables, transports
from .decide import decide
from .definition import known
from .events import Asked
from .tables import Run

LONGEST_REASON = 500


@dataclass(frozen=True)
class Intervention:
    """One thing that a person did to a run; `rev` is the run's as that person saw it."""

    id: UUID
    run_id: UUID
    rev: int
    op: str
    actor: dict[str, Any]
    reason: str
    outputs: dict[str, Any] | None
    at: datetime


def intervene(
    scope: Scope,
    run_id: UUID,
    op: str,
    *,
    actor: Actor,
    expected_rev: int | None = None,
    reason: str = "",
    outputs: dict[str, Any] | None = None,
) -> Run:
    """Have a run cancelled, retried, compensated, skipped over, resolved, paused or resumed; returns it as it is then.

    `expected_rev` is the rev that the person has seen (None: whatever it is). `outputs` are for a skipped step, by
    name. NotFound when the run is not in `scope`; Conflict when it has moved on (`version_conflict`) or its state does
    not allow this (`not_possible_now`); Invalid without a reason, which only a cancellation does not need.
    """
    with tables.db.begin() as session:
        return intervene_within(
            session, scope, run_id, op, actor=actor, expected_rev=expected_rev, reason=reason, outputs=outputs
        )


def intervene_within(
    session: Session,
    scope: Scope,
    run_id: UUID,
    op: str,
    *,
    actor: Actor,
    expected_rev: int | None = None,
    reason: str = "",
    outputs: dict[str, Any] | None = None,
) -> Run:
    """As `intervene`, in a transaction of the caller's; the commands are sent once it has been committed."""
    asked = Asked(op, f"{actor.kind}:{actor.id}", _checked(op, reason), outputs or {})
    with acting(actor=actor, run_id=run_id):
        store.get(session, scope, run_id)
        row = store.locked_runs(session, [run_id])[0]
        if expected_rev is not None and row["rev"] != expected_rev:
            raise Conflict(
                N_("The run has moved on since you looked. Look again, then decide."), code="version_conflict"
            )
        now, call_time = clock.now(session), config.current().provider_timeout
        steps = store.steps_of(session, [run_id])[run_id]
        decision = decide(store.definition_of(row), row, steps, asked, now=now, spread=0.0, call_time=call_time)
        store.apply(session, row, decision, now)
        _keep(session, row, asked, actor, now)
        sends = [store.envelope(clocks.at_its_time(session, row), step) for step in decision.send]
        event.listen(session, "after_commit", lambda _: transports.current().send_commands(sends), once=True)
        return store.get(session, scope, run_id)


def _checked(op: str, reason: str) -> str:
    reason = reason.strip()
    if op != "cancel" and not reason:
        raise Invalid(N_("Say why: the reason is kept with the run."), code="reason_missing", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(N_("The reason is too long: use at most 500 characters."), code="reason_too_long", field="reason")
    return reason


def _keep(session: Session, row: Any, asked: Asked, actor: Actor, now: datetime) -> None:
    kept = Intervention(
        new_id(), row["id"], row["rev"], asked.op, msgspec.to_builtins(actor), asked.reason, asked.outputs or None, now
    )
    session.execute(tables.intervention.insert().values(**asdict(kept)))
    about = {"customer_id": row["customer_id"], "subject": ("run", row["id"])}
    noted = {"reason": asked.reason, "outputs": asked.outputs}
    audit.record(session, f"saga.{asked.op}", **about, after={"rev": row["rev"]}, private=noted)


def interventions_of(session: Session, run_id: UUID) -> list[Intervention]:
    """What people did to a run, oldest first."""
    table = tables.intervention
    query = table.select().where(table.c.run_id == run_id).order_by(table.c.id)
    return [Intervention(**row._mapping) for row in session.execute(query)]


def possible(session: Session, run: Run) -> tuple[str, ...]:
    """What may be done to a run as it stands: nothing here, when this process does not know its version."""
    if (run.definition, run.definition_version) not in known():
        return ()
    row, steps = vars(run), store.steps_of(session, [run.id])[run.id]
    return steering.possible(row, steps, store.definition_of(row).pivot_seq)
