"""Approvals as people see them, and whether the reader may decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import paging
from domains.kernel.errors import N_, NotFound, Refused, Said
from domains.kernel.money import Money
from domains.kernel.paging import Page
from domains.kernel.tenancy import Caller, Scope

from ..models import Approval
from ..models.approvals import OPEN
from .limits import approval_limits

APPROVAL_STATES = ("requested", "delegated", "approved", "rejected", "expired", "withdrawn")


@dataclass(frozen=True)
class ApprovalView:
    """A request and what became of it. `why_not` says why the reader cannot decide it; None when they can."""

    id: UUID
    customer_id: UUID
    account_id: UUID
    account_name: str
    subject_kind: str
    subject_id: UUID
    operation_id: UUID | None
    label: str
    state: str
    amount: Money
    terms: Any
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    delegated_to: str | None
    delegated_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    version: int
    why_not: str | None
    why: tuple[str, ...]

    @property
    def may_decide(self) -> bool:
        """Whether the reader may say yes or no."""
        return self.why_not is None


def check_may_decide(session: Session, caller: Caller, row: Approval) -> None:
    """Refuse who may not say yes or no to a request: whoever asked, and whoever may not order as much themselves.

    To whom it was left by somebody who may decides with that person's authority.
    """
    why = _why_not(session, caller, row, {})
    if why is not None:
        raise Refused(why[1], code=why[0])


Limits = dict[UUID, Money | None]  # of the caller's role, by customer


def _why_not(session: Session, caller: Caller, row: Approval, known: Limits) -> tuple[str, Said] | None:
    person = caller.actor.kind == "user"
    asked_by = str(row.requested_by_id) if person else row.requested_by_client
    if caller.actor.id == asked_by:
        return "own_request", Said(N_("Somebody else has to decide what you asked for yourself."))
    if not caller.may("approvals:write"):
        return "not_an_approver", Said(N_("Your role does not approve."))
    if row.delegated_to and row.delegated_to == caller.preferences.get("email", "").lower():
        return None
    if row.customer_id not in known:
        known[row.customer_id] = approval_limits(session, caller.scope, row.customer_id).get(caller.role)
    limit = known[row.customer_id]
    if limit is not None and (limit.currency != row.currency or limit.amount < row.amount.amount):
        text = N_("This is above what you may order by yourself. Somebody with a higher limit has to decide.")
        return "limit_too_low", Said(text)
    return None


def get_approval(session: Session, scope: Scope, approval_id: UUID, caller: Caller) -> ApprovalView:
    """One request. Refuses one that is not there or not in scope."""
    query = select(Approval).where(Approval.id == approval_id, scope.covers(Approval))
    found: Approval | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such approval.", code="approval_not_found", field="approval_id")
    return _view(session, caller, found, {})


def approval_for(session: Session, scope: Scope, subject_id: UUID, caller: Caller) -> ApprovalView | None:
    """The newest request for an order or a change, if it needed one."""
    query = select(Approval).where(Approval.subject_id == subject_id, scope.covers(Approval))
    found = session.scalars(query.order_by(Approval.id.desc()).limit(1)).one_or_none()
    return None if found is None else _view(session, caller, found, {})


def list_approvals(
    session: Session, scope: Scope, *, caller: Caller, customer_id: UUID | None = None, account_id: UUID | None = None,
    state: str | None = None, cursor: str | None = None, limit: int = 50,
) -> Page[ApprovalView]:  # fmt: skip
    """Requests in scope, newest first; `state` is one of their states, or `open` for those that wait for a decision."""
    asked = {"customer_id": customer_id, "account_id": account_id, "state": state}
    query = select(Approval).where(scope.covers(Approval))
    if customer_id is not None:
        query = query.where(Approval.customer_id == customer_id)
    if account_id is not None:
        query = query.where(Approval.account_id == account_id)
    if state is not None:
        query = query.where(Approval.state.in_(OPEN if state == "open" else (state,)))
    page = paging.page(session, query, Approval.id, cursor=cursor, limit=limit, filters=asked)
    known: Limits = {}
    return Page([_view(session, caller, row, known) for row in page.items], page.next_cursor)


def _view(session: Session, caller: Caller, row: Approval, known: Limits) -> ApprovalView:
    closed = ("approval_closed", Said(N_("This is decided."))) if not row.is_open else None
    why = closed or _why_not(session, caller, row, known)
    return ApprovalView(
        id=row.id, customer_id=row.customer_id, account_id=row.account_id, account_name=row.account_name,
        subject_kind=row.subject_kind, subject_id=row.subject_id, operation_id=row.run_id, label=row.label,
        state=row.state, amount=row.amount, terms=row.terms or None, requested_by=row.requested_by,
        requested_at=row.requested_at, expires_at=row.expires_at, delegated_to=row.delegated_to,
        delegated_by=row.delegated_by, decided_by=row.decided_by, decided_at=row.decided_at, reason=row.reason,
        version=row.version, why_not=None if why is None else why[1], why=row.reasons,
    )  # fmt: skip
