"""Bulk plans that wait for somebody's yes to all their rows together, and what becomes of them then."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import N_, NotFound, Refused
from domains.kernel.messages import context
from domains.kernel.tenancy import Scope

from ..models import ApprovalAsked, Person
from ..models.bulk_plans import BulkPlan, BulkRow
from ..queries.bulk_plans import plan_terms
from .approvals import check_approved, close_approval, request_approval
from .bulk_plans import audit_plan, check_plan, lock_plan

LOOK_AGAIN = 300.0  # seconds: a reseller's plan is not woken by its customer, whose yes it may need


def request_plan(
    session: Session, *, plan_id: UUID, application_id: UUID, customer_id: UUID, digest: str, applied_by: Person,
    approval: ApprovalAsked,
) -> None:  # fmt: skip
    """Ask for the approval that a plan needs as a whole, and keep it as it was shown. Doing it twice does it once.

    Refuses what `check_plan` refuses.
    """
    plan = _its_plan(session, plan_id, customer_id)
    if plan.application_id == application_id:
        return
    check_plan(session, plan, digest)
    plan.state, plan.application_id, plan.run_id = "waiting", application_id, context().run_id
    plan.approval_id, plan.version = approval.id, plan.version + 1
    _ask(session, plan, approval, applied_by)
    audit_plan(session, "services.ask_for_bulk_plan", plan, state=plan.state)


def _its_plan(session: Session, plan_id: UUID, customer_id: UUID) -> BulkPlan:
    plan = lock_plan(session, plan_id)
    if plan is None or plan.customer_id != customer_id:
        raise NotFound("There is no such plan.", code="plan_not_found", field="plan_id")
    return plan


def _ask(session: Session, plan: BulkPlan, approval: ApprovalAsked, applied_by: Person) -> None:
    """Ask whose limit is passed. The request stands among those of the account that its rows commit most for."""
    terms = plan_terms(session, Scope.customer(plan.customer_id), plan.id)
    costly = [one for one in terms if one.currency == approval.amount.currency and one.commitment.minor > 0]
    most = max(costly, key=lambda one: one.commitment.minor)
    others = len({one.account_id for one in costly}) - 1
    told = {"plan_id": str(plan.id), "number": plan.number, "rows": len(terms), "totals": plan.totals}
    request_approval(
        session, approval=approval, customer_id=most.customer_id, reseller_id=most.reseller_id,
        account_id=most.account_id, account_name=f"{most.account_name} +{others}" if others else most.account_name,
        label=f"{plan.number} · {len(terms)}", requested_by=applied_by.name, terms=told,
    )  # fmt: skip


def await_approval(session: Session, *, plan_id: UUID, customer_id: UUID, approval: ApprovalAsked) -> None:
    """Go on with a plan once it is approved; pending until then. Refuses a no, and a plan that was cancelled."""
    if _its_plan(session, plan_id, customer_id).state != "waiting":
        raise Refused(N_("This plan was cancelled."), code="plan_canceled")
    check_approved(session, approval, LOOK_AGAIN)


def give_up_plan(session: Session, *, plan_id: UUID, application_id: UUID, approval: ApprovalAsked) -> None:
    """Take back a plan that nobody approved, or that was called off: its rows are not made."""
    close_approval(session, approval)
    plan = lock_plan(session, plan_id)
    if plan is None or plan.application_id != application_id or plan.state != "waiting":
        return
    plan.state, plan.ended_at, plan.version = "canceled", clock.now(session), plan.version + 1
    left = (BulkRow.plan_id == plan.id, BulkRow.state == "ready")
    session.execute(update(BulkRow).where(*left).values(state="canceled", ended_at=plan.ended_at))
    audit_plan(session, "services.cancel_bulk_plan", plan, state=plan.state)


def start_approved_plan(session: Session, *, plan_id: UUID, customer_id: UUID, applied_by: Person) -> None:
    """Begin to apply a plan that was approved, once. Refuses one that was cancelled. Doing it twice does it once."""
    plan = _its_plan(session, plan_id, customer_id)
    if plan.state in ("applying", "done"):
        return
    if plan.state != "waiting":
        raise Refused(N_("This plan was cancelled."), code="plan_canceled")
    plan.state, plan.applied_at, plan.version = "applying", clock.now(session), plan.version + 1
    plan.applied_by_id, plan.applied_by = applied_by.user_id, applied_by.name
    audit_plan(session, "services.apply_bulk_plan", plan, state=plan.state)
