"""Who may order how much without approval, and above which amount only what was previewed is ordered."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.errors import N_, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import ORDERING, ApprovalLimit, OrderingRule
from ..models.approvals import APPROVAL_DAYS
from ..pricing import ChangeTerms, OrderTerms


@dataclass(frozen=True)
class OrderingRuleView:
    """What a customer has decided about its own orders; `preview_above` None: no order must name a preview."""

    customer_id: UUID
    preview_above: Money | None
    approval_days: int
    version: int


def approval_limits(session: Session, scope: Scope, customer_id: UUID) -> dict[str, Money | None]:
    """The limit of each role of a customer that may order; None where there is none."""
    query = select(ApprovalLimit).where(ApprovalLimit.customer_id == customer_id, scope.covers(ApprovalLimit))
    found = {one.role: one.limit for one in session.scalars(query)}
    return {role: found.get(role) for role in ORDERING}


def needs_approval(session: Session, scope: Scope, terms: OrderTerms | ChangeTerms, role: str) -> bool:
    """Whether an order or a change commits to more than whoever asks for it in this role may by themselves.

    The limits are those of the customer it is for. One in another currency than the order's cannot be compared with it,
    and does not let it pass. A change that commits to nothing more needs nobody's yes.
    """
    if isinstance(terms, ChangeTerms) and terms.commitment.amount <= 0:
        return False
    return above_limit(session, scope, terms.customer_id, terms.commitment, role)


def above_limit(session: Session, scope: Scope, customer_id: UUID, amount: Money, role: str) -> bool:
    """Whether an amount is above what a role of a customer may commit to by itself."""
    limit = approval_limits(session, scope, customer_id).get(role)
    return limit is not None and (limit.currency != amount.currency or amount.amount > limit.amount)


def ordering_rule(session: Session, scope: Scope, customer_id: UUID) -> OrderingRuleView:
    """What a customer has decided about its own orders, or how it is where it has decided nothing."""
    query = select(OrderingRule).where(OrderingRule.customer_id == customer_id, scope.covers(OrderingRule))
    found: OrderingRule | None = session.scalars(query).one_or_none()
    if found is None:
        return OrderingRuleView(customer_id, None, APPROVAL_DAYS, 0)
    return OrderingRuleView(customer_id, found.preview_above, found.approval_days, found.version)


def check_previewed(session: Session, scope: Scope, terms: OrderTerms) -> None:
    """Refuse an order that names no preview although its customer wants that for so much."""
    above = ordering_rule(session, scope, terms.customer_id).preview_above
    if terms.preview_id is not None or above is None:
        return
    if above.currency != terms.currency or terms.commitment.amount > above.amount:
        text = N_("Orders that commit to more than %(above)s must name a preview: ask for one, then order with its id.")
        raise Refused(text, code="preview_required", field="preview_id", above=above)
