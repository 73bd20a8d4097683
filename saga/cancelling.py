"""What was asked for is called off by whoever asked, as long as it can still be taken back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.errors import Conflict, NotFound
from domains.kernel.tenancy import Actor, Scope

from . import interventions, store
from .definition import of_the_house
from .tables import Run


def cancel(
    session: Session, scope: Scope, run_id: UUID, *, actor: Actor, expected_rev: int | None = None, reason: str = ""
) -> Run:
    """Have a run taken back; returns it as it is then. Its commands are sent once the transaction is committed.

    NotFound for another's run, and for our own work, which nobody has asked for; Conflict when it can only go on.
    """
    found = store.get(session, scope, run_id)
    if found.definition in of_the_house():
        raise NotFound("There is no such operation.")
    if found.phase == "C" and not found.is_final:
        raise Conflict("It is being taken back already.", code="not_possible_now")
    return interventions.intervene_within(
        session, scope, run_id, "cancel", actor=actor, expected_rev=expected_rev, reason=reason
    )


def can_be_canceled(session: Session, run: Run) -> bool:
    """Whether a run is a customer's own and can still be taken back."""
    return run.definition not in of_the_house() and "cancel" in interventions.possible(session, run)
