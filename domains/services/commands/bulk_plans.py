"""Bulk plans: kept as they were priced and signed, started once, worked off row by row, and stopped for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.columns import cut
from domains.kernel.database import insert_new, locked, new_id, next_number
from domains.kernel.errors import N_, Conflict, NotFound, Refused
from domains.kernel.messages import context
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import Person
from ..models.bulk_plans import WORKING, BulkPlan, BulkRow
from ..queries.asking import plan_asks
from ..queries.bulk_plans import find_plan, plan_terms, signature_of
from ..queries.bulk_rows import PricedRow
from .approvals import end_request

HOLDS_FOR = timedelta(hours=1)
CONFLICTS = ("version_conflict", "changed_at_provider", "change_in_progress", "not_active")


def keep_plan(
    session: Session, *, plan_id: UUID, customer_id: UUID, reseller_id: UUID | None, rows: Sequence[PricedRow],
    made_by: Person,
) -> BulkPlan:  # fmt: skip
    """Keep a list of changes with their prices, signed; it holds for an hour. The same id again is the same plan."""
    now = clock.now(session)
    plan = BulkPlan(
        id=plan_id, number=next_number(session, "BP", now.year), customer_id=customer_id, reseller_id=reseller_id,
        state="ready", rows=len(rows), invalid=sum(row.terms is None for row in rows), totals=totals_of(rows),
        expires_at=(now + HOLDS_FOR).replace(microsecond=0), created_at=now, made_by_id=made_by.user_id,
        made_by=made_by.name, version=1,
    )  # fmt: skip
    kept = [_row(plan, position, row) for position, row in enumerate(rows, 1)]
    plan.signature = signature_of(plan, kept)
    facts = {column.name: getattr(plan, column.name) for column in BulkPlan.__table__.columns}
    if insert_new(session, BulkPlan.__table__, facts, "id"):
        session.add_all(kept)
        audit_plan(session, "services.make_bulk_plan", plan, rows=plan.rows, invalid=plan.invalid, totals=plan.totals)
    return find_plan(session, Scope.customer(customer_id), plan_id)


def _row(plan: BulkPlan, position: int, row: PricedRow) -> BulkRow:
    terms, found, error = row.terms, row.found, row.error
    return BulkRow(
        id=new_id(), plan_id=plan.id, customer_id=plan.customer_id, reseller_id=plan.reseller_id, position=position,
        subscription=cut(row.wish.subscription, 80), action=cut(row.wish.action, 40), value=cut(row.wish.value, 80),
        subscription_id=found.id if found else None, number=found.number if found else None,
        name=found.name if found else None, account_name=found.account_name if found else None, before=row.before,
        terms=msgspec.to_builtins(terms) if terms else None, currency=terms.currency if terms else None,
        charge_minor=terms.charge_now.minor if terms else None, state="ready" if terms else "invalid",
        error_code=error.code if error else None, error_detail=cut(str(error.detail), 1000) if error else None,
    )  # fmt: skip


def totals_of(rows: Sequence[PricedRow]) -> list[dict[str, Any]]:
    """What all rows that can be made cost together, by currency: at once, back, each month, and over their terms."""
    sums: dict[str, dict[str, Money]] = {}
    for terms in (row.terms for row in rows if row.terms is not None):
        zero = Money.zero(terms.currency)
        kept = sums.setdefault(
            terms.currency, {"charge_now": zero, "refund": zero, "every_month": zero, "commitment": zero}
        )
        kept["charge_now"] += max(terms.charge_now, zero)
        for name in ("refund", "every_month", "commitment"):
            kept[name] += getattr(terms, name)
    return [{"currency": currency, **msgspec.to_builtins(kept)} for currency, kept in sorted(sums.items())]


def check_plan(session: Session, plan: BulkPlan, digest: str) -> None:
    """Refuse to apply a plan that was started or stopped, has expired, or is not the one that was shown.

    So too one without a row that can be made.
    """
    if plan.state != "ready":
        raise Conflict("This plan has been applied or cancelled already.", code="plan_not_ready")
    query = select(BulkRow).where(BulkRow.plan_id == plan.id).order_by(BulkRow.position)
    if digest != plan.signature or signature_of(plan, session.scalars(query)) != plan.signature:
        raise Refused("This is not the plan that was shown. Look at it again.", code="plan_mismatch", field="digest")
    if clock.now(session) >= plan.expires_at:
        raise Refused("The plan has expired on %(time)s. Send it again and check its prices.", code="plan_expired",
                      time=plan.expires_at)  # fmt: skip
    if plan.rows == plan.invalid:
        raise Refused("No row of this plan can be made as it is.", code="plan_empty")


def start_plan(
    session: Session, *, plan_id: UUID, application_id: UUID, customer_id: UUID, digest: str, role: str,
    applied_by: Person,
) -> None:  # fmt: skip
    """Begin to apply a plan that needs nobody's yes, once. Doing it twice does it once.

    Refuses what `check_plan` refuses, and a plan that would have to be approved by now.
    """
    plan = lock_plan(session, plan_id)
    if plan is None or plan.customer_id != customer_id:
        raise NotFound("There is no such plan.", code="plan_not_found", field="plan_id")
    if plan.application_id == application_id:
        return
    check_plan(session, plan, digest)
    scope = Scope.system("apply a plan")
    if plan_asks(session, scope, plan_terms(session, scope, plan.id), role):
        text = N_("Together these rows need an approval by now. Look at the plan again, then send it.")
        raise Refused(text, code="approval_needed")
    plan.state, plan.application_id, plan.run_id = "applying", application_id, context().run_id
    plan.applied_by_id, plan.applied_by, plan.applied_at = applied_by.user_id, applied_by.name, clock.now(session)
    plan.version += 1
    audit_plan(session, "services.apply_bulk_plan", plan, state=plan.state)


def lock_plan(session: Session, plan_id: UUID) -> BulkPlan | None:
    """A plan's row, locked."""
    query = locked(select(BulkPlan).where(BulkPlan.id == plan_id), BulkPlan.__table__)
    return session.scalars(query).one_or_none()


def claim_rows(session: Session, *, plan_id: UUID, at_once: int) -> list[BulkRow]:
    """The rows of a plan that are at work, filled up to `at_once` with those that come next."""
    plan = lock_plan(session, plan_id)
    if plan is None or plan.state != "applying":
        return []
    query = select(BulkRow).where(BulkRow.plan_id == plan_id).order_by(BulkRow.position)
    working = list(session.scalars(query.where(BulkRow.state == "applying")))
    room = max(0, at_once - len(working))
    fresh = list(session.scalars(query.where(BulkRow.state == "ready").limit(room))) if room else []
    for row in fresh:
        row.state = "applying"
    return working + fresh


@dataclass(frozen=True)
class RowOutcome:
    """How a row's own run has ended; without a code it is done, without a run it could not be begun."""

    row_id: UUID
    run_id: UUID | None
    code: str | None = None
    detail: str | None = None


def note_outcomes(session: Session, *, plan_id: UUID, outcomes: Sequence[RowOutcome]) -> None:
    """Note how rows have ended, and the plan when none is left. Doing it twice does it once."""
    plan = lock_plan(session, plan_id)
    if plan is None:
        return
    now, known = clock.now(session), {one.row_id: one for one in outcomes}
    query = select(BulkRow).where(BulkRow.plan_id == plan_id, BulkRow.id.in_(known), BulkRow.state == "applying")
    for row in session.scalars(query):
        said = known[row.id]
        row.state = "done" if said.code is None else "conflict" if said.code in CONFLICTS else "refused"
        row.run_id, row.error_code, row.ended_at = said.run_id, said.code, now
        row.error_detail = cut(said.detail, 1000) if said.detail else None
    _end(session, plan)


def _end(session: Session, plan: BulkPlan) -> None:
    query = select(func.count()).select_from(BulkRow).where(BulkRow.plan_id == plan.id, BulkRow.state.in_(WORKING))
    if plan.state == "applying" and not session.scalar(query):
        plan.state, plan.ended_at = "done", clock.now(session)
        plan.version += 1
        audit_plan(session, "services.end_bulk_plan", plan, state=plan.state)


def cancel_plan(session: Session, *, scope: Scope, plan_id: UUID, expected_version: int | None = None) -> BulkPlan:
    """Take the rest of a plan back: rows that were not begun are not made; those at work go on. Twice is once.

    Refuses another version than the one expected, and a plan that has ended.
    """
    find_plan(session, scope, plan_id)
    plan = lock_plan(session, plan_id)
    assert plan is not None
    if plan.state == "canceled":
        return plan
    if expected_version not in (None, plan.version):
        raise Conflict("It has changed since you looked. Look again, then decide.", code="version_conflict")
    if plan.state == "done":
        raise Conflict("It has ended: nothing is left to cancel.", code="plan_ended")
    left = (BulkRow.plan_id == plan.id, BulkRow.state == "ready")
    session.execute(update(BulkRow).where(*left).values(state="canceled", ended_at=clock.now(session)))
    if plan.approval_id is not None:
        end_request(session, plan.approval_id)
    plan.state = "canceled" if plan.state in ("ready", "waiting") else plan.state
    plan.ended_at = clock.now(session) if plan.state == "canceled" else None
    plan.version += 1
    audit_plan(session, "services.cancel_bulk_plan", plan, state=plan.state)
    _end(session, plan)
    return plan


def audit_plan(session: Session, action: str, plan: BulkPlan, **told: Any) -> None:
    """Keep in the audit trail what was done to a plan."""
    subject, after = ("bulk_plan", plan.id), {"number": plan.number, **told}
    audit.record(session, action, customer_id=plan.customer_id, subject=subject, after=after)
