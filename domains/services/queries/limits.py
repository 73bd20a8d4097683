"""Who may order how much without approval."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.errors import Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import ORDERING, ApprovalLimit
from ..pricing import OrderTerms


def approval_limits(session: Session, scope: Scope, customer_id: UUID) -> dict[str, Money | None]:
    """The limit of each role of a customer that may order; None where there is none."""
    query = select(ApprovalLimit).where(ApprovalLimit.customer_id == customer_id, scope.covers(ApprovalLimit))
    found = {one.role: one.limit for one in session.scalars(query)}
    return {role: found.get(role) for role in ORDERING}


def needs_approval(session: Session, scope: Scope, terms: OrderTerms, role: str) -> bool:
    """Whether an order commits to more than whoever orders in this role may by themselves.

    The limits are those of the customer it is ordered for. One in another currency than the order's cannot be compared
    with it, and does not let it pass.
    """
    limit = approval_limits(session, scope, terms.customer_id).get(role)
    if limit is None:
        return False
    return limit.currency != terms.currency or terms.commitment.amount > limit.amount


def check_limit(session: Session, scope: Scope, terms: OrderTerms, role: str) -> None:
    """Refuse an order that needs somebody's approval."""
    if needs_approval(session, scope, terms, role):
        raise Refused(
            "This order commits to more than you may order without approval. Ask an owner to place it or to raise the "
            "limit.",
            code="approval_needed",
        )
