"""What services know of the accounts that buy."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel import paging
from domains.kernel.errors import N_, NotFound, Refused
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Order, Subscription
from ..models.orders import ENDED

OVER = ("canceled", "expired", "failed")  # of a subscription: nothing runs any more


def get_account(session: Session, scope: Scope, account_id: UUID) -> AccountRef:
    """An account as services know it. Refuses one that is not there or not in scope."""
    query = select(AccountRef).where(AccountRef.id == account_id, scope.covers(AccountRef))
    found: AccountRef | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    return found


def list_accounts(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    status: str | None = "active",
    limit: int = paging.MAX_LIMIT,
) -> list[AccountRef]:
    """The accounts in scope by name, those that may buy unless another `status` (None: any) is asked for."""
    query = select(AccountRef).where(scope.covers(AccountRef))
    if customer_id is not None:
        query = query.where(AccountRef.customer_id == customer_id)
    if status is not None:
        query = query.where(AccountRef.status == status)
    ordered = query.order_by(AccountRef.name, AccountRef.id).limit(paging.checked_limit(limit))
    return list(session.scalars(ordered))


def active_account(session: Session, scope: Scope, account_id: UUID) -> AccountRef:
    """An account that may buy. Refuses one that is not active."""
    found = get_account(session, scope, account_id)
    if found.status != "active":
        raise Refused(
            "The account “%(account)s” is %(status)s: only an active account can buy.",
            code="account_not_active",
            field="account_id",
            account=found.name,
            status=found.status,
        )
    return found


def account_for_change(session: Session, scope: Scope, account_id: UUID, *, buys: bool) -> AccountRef:
    """The account of a subscription that is to be changed; it must be active when the change `buys` something."""
    return (active_account if buys else get_account)(session, scope, account_id)


def check_unused(session: Session, scope: Scope, account_id: UUID) -> None:
    """Refuse an account in which a subscription runs or an order is on its way; both by their count."""
    runs = select(func.count()).where(
        scope.covers(Subscription), Subscription.account_id == account_id, Subscription.state.not_in(OVER)
    )
    ordered = select(func.count()).where(scope.covers(Order), Order.account_id == account_id, Order.state.not_in(ENDED))
    running, open_orders = session.scalar(runs) or 0, session.scalar(ordered) or 0
    if open_orders:
        text = N_("%(count)s orders for this account are not finished. Wait until they are, then close it.")
        raise Refused(text, code="account_in_use", count=open_orders)
    if running:
        text = N_("%(count)s subscriptions of this account have not ended. Cancel them or let them end, then close it.")
        raise Refused(text, code="account_in_use", count=running)
