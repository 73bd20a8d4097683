"""Setting up to which amount a role may order without approval, and what else holds for a customer's orders."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit
from domains.kernel.database import locked, new_id
from domains.kernel.errors import Invalid
from domains.kernel.money import Money

from ..models import ORDERING, ApprovalLimit, OrderingRule
from ..models.approvals import MOST_DAYS


def set_approval_limit(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, role: str, limit: Money | None
) -> None:
    """Set the limit of a role of a customer, or take it away. The same limit again changes nothing.

    Refuses a role that orders nothing, and an amount below zero.
    """
    if role not in ORDERING:
        raise Invalid(f"role is one of {', '.join(ORDERING)}.", code="role_invalid", field="role")
    if limit is not None and limit.amount < 0:
        raise Invalid("The limit cannot be below zero.", code="limit_negative", field="limit")
    query = select(ApprovalLimit).where(ApprovalLimit.customer_id == customer_id, ApprovalLimit.role == role)
    found: ApprovalLimit | None = session.scalars(locked(query, ApprovalLimit.__table__)).one_or_none()
    before = found.limit if found is not None else None
    if before == limit:
        return
    if found is None and limit is not None:
        found = ApprovalLimit(id=new_id(), customer_id=customer_id, reseller_id=reseller_id, role=role, version=0)
        session.add(found)
    if found is not None and limit is not None:
        found.currency, found.amount_minor, found.version = limit.currency, limit.minor, found.version + 1
    elif found is not None:
        session.delete(found)
    audit.record(
        session, "services.set_approval_limit", customer_id=customer_id, subject=("customer", customer_id),
        before={"role": role, "limit": _told(before)}, after={"role": role, "limit": _told(limit)},
    )  # fmt: skip


def set_ordering_rule(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, preview_above: Money | None, approval_days: int
) -> None:
    """Set above which commitment an order must name a preview (None: never), and how many days an approval waits.

    Refuses an amount below zero and a number of days that makes no sense.
    """
    if preview_above is not None and preview_above.amount < 0:
        raise Invalid("The limit cannot be below zero.", code="limit_negative", field="preview_above")
    if not 1 <= approval_days <= MOST_DAYS:
        text = "An approval waits 1 to %(most)s days."
        raise Invalid(text, code="days_out_of_range", field="approval_days", most=MOST_DAYS)
    query = select(OrderingRule).where(OrderingRule.customer_id == customer_id)
    row: OrderingRule | None = session.scalars(locked(query, OrderingRule.__table__)).one_or_none()
    if row is None:
        row = OrderingRule(id=new_id(), customer_id=customer_id, reseller_id=reseller_id, version=0, approval_days=0)
        session.add(row)
    before = {"preview_above": _told(row.preview_above), "approval_days": row.approval_days}
    after = {"preview_above": _told(preview_above), "approval_days": approval_days}
    if before == after:
        return
    row.currency = None if preview_above is None else preview_above.currency
    row.preview_above_minor = None if preview_above is None else preview_above.minor
    row.approval_days, row.version = approval_days, row.version + 1
    audit.record(
        session, "services.set_ordering_rule", customer_id=customer_id, subject=("customer", customer_id),
        before=before, after=after,
    )  # fmt: skip


def _told(limit: Money | None) -> str | None:
    return None if limit is None else f"{limit.amount} {limit.currency}"
