"""The provider is told what shall happen at the end of a term: begun, applied or given up, like any other change."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import Conflict, Locked, NotFound, Refused
from domains.kernel.messages import context
from domains.kernel.tenancy import Scope

from ..models import Change, ChangeOutcome, Person
from ..queries.decisions import check_mode, check_open
from .changes import abandon_change, apply_change, find_change
from .decisions import held, note, running, told

CHANGED = "end_of_term"  # the kind of change that tells the provider of a decision


def begin_end_of_term(
    session: Session, *, change_id: UUID, subscription_id: UUID, customer_id: UUID, reseller_id: UUID | None,
    end_mode: str, requested_by: Person, expected_version: int | None = None, run_id: UUID | None = None,
) -> None:  # fmt: skip
    """Hold a subscription while the provider is told what shall happen at the end of its term. Doing it twice does it
    once.

    Refused when it is too late, or the provider does not offer it; a conflict when somebody has decided meanwhile.
    """
    if session.get(Change, change_id) is not None:
        return
    row, kept = held(session, Scope.customer(customer_id), subscription_id, expected_version)
    try:
        check_open(kept, row, clock.business_now(session))
    except Conflict as busy:
        raise Locked(busy) from busy
    if row.state == "suspended":  # of which the provider hears nothing but that it is resumed, or cancelled
        raise Refused("It is suspended. Resume it first.", code="suspended")
    check_mode(row, end_mode)
    session.add(Change(
        id=change_id, subscription_id=row.id, account_id=row.account_id, customer_id=customer_id,
        reseller_id=reseller_id, kind=CHANGED, mode=end_mode, from_quantity=row.quantity, to_quantity=row.quantity,
        from_valid_to=row.valid_to, to_valid_to=None, from_state=row.state, state="open", currency=row.currency,
        run_id=run_id or context().run_id, requested_by_id=requested_by.user_id, requested_by=requested_by.name,
        begun_at=clock.business_now(session), charge_now=None,
    ))  # fmt: skip
    row.open_change_id = change_id
    row.version += 1
    kept.version += 1
    told(session, "services.set_end_of_term", kept)


def abandon_end_of_term(session: Session, *, change_id: UUID) -> None:
    """Let the subscription go, with what was decided before. If absent, fine."""
    abandon_change(session, change_id=change_id)


def apply_end_of_term(
    session: Session, *, change_id: UUID, subscription_id: UUID, end_mode: str, requested_by: Person,
    outcome: ChangeOutcome, standing: bool = False, remark: str | None = None,
) -> None:  # fmt: skip
    """Write down what was decided, now that the provider has heard of it. Doing it twice does it once."""
    change = find_change(session, change_id)
    if change is None:
        raise NotFound("There is no such change.", code="change_not_found", field="change_id")
    if change.ended_at is not None:
        return
    apply_change(session, change_id=change_id, outcome=outcome)
    kept = running(session, subscription_id)
    if kept is None or kept.term_end != change.from_valid_to:  # it was over before the answer came
        return
    by = (requested_by.user_id, requested_by.name)
    kept.decide(end_mode, *by, clock.business_now(session), standing=standing)
    kept.note = remark
    note(session, kept, "decision", {"mode": end_mode, "standing": standing}, by=by)
    told(session, "services.decide_end_of_term", kept)
