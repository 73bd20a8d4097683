"""Drift as whoever settles it sees it, and the accounts that are compared with the provider, with their rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock, paging
from domains.kernel.errors import Invalid, NotFound
from domains.kernel.money import Money
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Difference, Drift, ProviderHint, Reconciliation, Seen, Subscription
from ..models.drift import RULES, STANDING, STATES, Choice, choices
from .accounts import get_account
from .adoptions import cost_of

DUE_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class DriftView:
    """A drift with everything a page or a program asks. `subscription_id` is None while we have none of that name.

    `adoption_cost` is what adopting it charges at once; None where only the provider's bill can tell.
    """

    id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    account_name: str
    subscription_id: UUID | None
    number: str | None
    name: str
    provider: str
    provider_subscription_id: str
    kind: str
    differences: tuple[Difference, ...]
    seen: Seen | None
    state: str
    found_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    decision: str | None
    reason: str | None
    settled_by: str | None
    operation_id: UUID | None
    case_id: UUID | None
    error: dict[str, str | None] | None
    choices: tuple[Choice, ...]
    adoption_cost: Money | None
    version: int


@dataclass(frozen=True)
class AccountRule:
    """How an account is compared: what it adopts by itself, when it was compared last, and what came of it."""

    account_id: UUID
    account_name: str
    customer_id: UUID
    adopt: str
    compared_at: datetime | None
    compared: int
    standing: int
    version: int

    @property
    def id(self) -> UUID:
        return self.account_id


def find_drift(session: Session, scope: Scope, drift_id: UUID) -> Drift:
    """A drift's row. Refuses one that is not there or not in scope."""
    query = select(Drift).where(Drift.id == drift_id, scope.covers(Drift))
    found: Drift | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such drift.", code="drift_not_found", field="drift_id")
    return found


def get_drift(session: Session, scope: Scope, drift_id: UUID) -> DriftView:
    """A drift with how it can be settled, and what adopting it costs. Refuses one that is not there or not in scope."""
    return _views(session, scope, [find_drift(session, scope, drift_id)])[0]


def list_drift(
    session: Session,
    scope: Scope,
    *,
    state: str | None = None,
    kind: str | None = None,
    account_id: UUID | None = None,
    customer_id: UUID | None = None,
    subscription_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[DriftView]:
    """Drift in scope, newest first: by state (`standing`: all whose difference is still there), kind and account."""
    asked = {"state": state, "kind": kind, "account_id": account_id, "customer_id": customer_id,
             "subscription_id": subscription_id}  # fmt: skip
    query = select(Drift).where(scope.covers(Drift))
    if state == "standing":
        query = query.where(Drift.ended_at.is_(None))
    elif state is not None:
        if state not in STATES:
            names = ("standing", *STATES)
            raise Invalid("state is one of %(names)s.", code="state_invalid", field="state", names=names)
        query = query.where(Drift.state == state)
    if kind is not None:
        query = query.where(Drift.kind == kind)
    for column, value in ((Drift.account_id, account_id), (Drift.customer_id, customer_id),
                          (Drift.subscription_id, subscription_id)):  # fmt: skip
        if value is not None:
            query = query.where(column == value)
    page = paging.page(session, query, Drift.id, cursor=cursor, limit=limit, filters=asked)
    return Page(_views(session, scope, page.items), page.next_cursor)


def _views(session: Session, scope: Scope, rows: Sequence[Drift]) -> list[DriftView]:
    wanted = [row.subscription_id for row in rows]
    query = select(Subscription.id).where(Subscription.id.in_(wanted), scope.covers(Subscription))
    ours = set(session.scalars(query))
    return [_view(session, row, row.subscription_id in ours) for row in rows]


def _view(session: Session, row: Drift, known: bool) -> DriftView:
    error = {"code": row.error_code, "detail": row.error_detail} if row.error_code else None
    return DriftView(
        id=row.id, customer_id=row.customer_id, reseller_id=row.reseller_id, account_id=row.account_id,
        account_name=row.account_name, subscription_id=row.subscription_id if known else None, number=row.number,
        name=row.name, provider=row.provider, provider_subscription_id=row.provider_subscription_id, kind=row.kind,
        differences=row.found, seen=row.as_seen, state=row.state, found_at=row.found_at, seen_at=row.seen_at,
        ended_at=row.ended_at, decision=row.decision, reason=row.reason, settled_by=row.settled_by,
        operation_id=row.run_id, case_id=row.case_id, error=error, choices=choices(row),
        adoption_cost=cost_of(session, row) if row.state in STANDING else None, version=row.version,
    )  # fmt: skip


def count_open(session: Session, scope: Scope) -> int:
    """How many differences in scope wait for a decision."""
    query = select(func.count()).select_from(Drift).where(scope.covers(Drift), Drift.state == "open")
    return session.scalar(query) or 0


def list_rules(session: Session, scope: Scope, *, limit: int = paging.MAX_LIMIT) -> list[AccountRule]:
    """The active accounts in scope by name, each with its rule and its last comparison."""
    query = select(AccountRef).where(scope.covers(AccountRef), AccountRef.status == "active")
    ordered = query.order_by(AccountRef.name, AccountRef.id).limit(paging.checked_limit(limit))
    return _rules(session, scope, list(session.scalars(ordered)))


def get_rule(session: Session, scope: Scope, account_id: UUID) -> AccountRule:
    """An account's rule and its last comparison. Refuses an account that is not there or not in scope."""
    return _rules(session, scope, [get_account(session, scope, account_id)])[0]


def _rules(session: Session, scope: Scope, accounts: Sequence[AccountRef]) -> list[AccountRule]:
    wanted = [account.id for account in accounts]
    query = select(Reconciliation).where(Reconciliation.account_id.in_(wanted), scope.covers(Reconciliation))
    known = {row.account_id: row for row in session.scalars(query)}
    return [_rule(account, known.get(account.id)) for account in accounts]


def _rule(account: AccountRef, row: Reconciliation | None) -> AccountRule:
    if row is None:
        return AccountRule(account.id, account.name, account.customer_id, RULES[0], None, 0, 0, 1)
    return AccountRule(account.id, account.name, account.customer_id, row.rule, row.at, row.compared, row.standing,
                       row.version)  # fmt: skip


# ---- for the scheduler


def due_accounts(session: Session, scope: Scope, *, limit: int) -> list[AccountRef]:
    """Active accounts that were never compared, or not for a day, those that wait longest first."""
    before = clock.now(session) - DUE_AFTER
    query = (
        select(AccountRef)
        .outerjoin(Reconciliation, Reconciliation.account_id == AccountRef.id)
        .where(scope.covers(AccountRef), AccountRef.status == "active", AccountRef.ccp_customer_id.is_not(None))
        .where(or_(Reconciliation.at.is_(None), Reconciliation.at < before))
    )
    never = case((Reconciliation.at.is_(None), 0), else_=1)
    return list(session.scalars(query.order_by(never, Reconciliation.at, AccountRef.id).limit(limit)))


def hinted_accounts(session: Session, scope: Scope, *, limit: int) -> list[tuple[AccountRef, UUID]]:
    """Active accounts that a provider has hinted at, with the hint, the oldest first: something may be new there."""
    query = (
        select(AccountRef, ProviderHint.id)
        .join(ProviderHint, ProviderHint.account_id == AccountRef.id)
        .where(scope.covers(AccountRef), AccountRef.status == "active", ProviderHint.taken_at.is_(None))
    )
    rows = session.execute(query.order_by(ProviderHint.noted_at, ProviderHint.id).limit(limit))
    return [(account, hint_id) for account, hint_id in rows]


def under_a_rule(session: Session, scope: Scope, *, limit: int) -> list[Drift]:
    """Open drift that its account's rule adopts without asking anybody, the oldest first; not what was refused so."""
    query = (
        select(Drift, Reconciliation.rule)
        .join(Reconciliation, Reconciliation.account_id == Drift.account_id)
        .where(scope.covers(Drift), Drift.state == "open", Drift.error_code.is_(None), Reconciliation.rule != "nothing")
    )
    found = session.execute(query.order_by(Drift.id).limit(limit))
    return [drift for drift, rule in found if drift.falls_under(rule) and choices(drift)[0].enabled]
