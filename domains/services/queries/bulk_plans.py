"""Bulk plans as whoever made them sees them, and as the scheduler works them off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel import clock, config, paging
from domains.kernel.crypto import canonical, keyed_digest
from domains.kernel.errors import Invalid, NotFound
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models.bulk_plans import ROW_STATES, BulkPlan, BulkRow
from ..pricing import ChangeTerms

MOST_READ = 10_000


@dataclass(frozen=True)
class PlanView:
    """A plan with how many of its rows are in each state; `is_expired` once its prices do not hold any more."""

    plan: BulkPlan
    counts: dict[str, int]
    is_expired: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plan, name)

    @property
    def ended_rows(self) -> int:
        """How many rows have come to an end of any kind."""
        return sum(self.counts.get(state, 0) for state in ("done", "refused", "conflict", "canceled"))


def find_plan(session: Session, scope: Scope, plan_id: UUID) -> BulkPlan:
    """A plan's row. Refuses one that is not there or not in scope."""
    query = select(BulkPlan).where(BulkPlan.id == plan_id, scope.covers(BulkPlan))
    found: BulkPlan | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such plan.", code="plan_not_found", field="plan_id")
    return found


def get_plan(session: Session, scope: Scope, plan_id: UUID) -> PlanView:
    """A plan and how far it is. Refuses one that is not there or not in scope."""
    return _views(session, scope, [find_plan(session, scope, plan_id)])[0]


def list_plans(session: Session, scope: Scope, *, cursor: str | None = None, limit: int = 50) -> Page[PlanView]:
    """The plans in scope, newest first."""
    query = select(BulkPlan).where(scope.covers(BulkPlan))
    page = paging.page(session, query, BulkPlan.id, cursor=cursor, limit=limit, filters={})
    return Page(_views(session, scope, page.items), page.next_cursor)


def _views(session: Session, scope: Scope, plans: Iterable[BulkPlan]) -> list[PlanView]:
    found = list(plans)
    query = select(BulkRow.plan_id, BulkRow.state, func.count()).where(
        BulkRow.plan_id.in_([plan.id for plan in found]), scope.covers(BulkRow)
    )
    counts: dict[UUID, dict[str, int]] = {plan.id: {} for plan in found}
    for plan_id, state, count in session.execute(query.group_by(BulkRow.plan_id, BulkRow.state)):
        counts[plan_id][state] = count
    now = clock.now(session)
    return [PlanView(plan, counts[plan.id], plan.state == "ready" and now >= plan.expires_at) for plan in found]


def list_rows(
    session: Session, scope: Scope, plan_id: UUID, *, state: str | None = None, cursor: str | None = None,
    limit: int = 50,
) -> Page[BulkRow]:  # fmt: skip
    """The rows of a plan in their order. Refuses a plan that is not in scope, and a state that is none."""
    find_plan(session, scope, plan_id)
    if state is not None and state not in ROW_STATES:
        raise Invalid("state is one of %(names)s.", code="state_invalid", field="state", names=ROW_STATES)
    filters, size = {"plan_id": plan_id, "state": state}, paging.checked_limit(limit)
    query = select(BulkRow).where(BulkRow.plan_id == plan_id, scope.covers(BulkRow))
    if state is not None:
        query = query.where(BulkRow.state == state)
    if cursor:
        after = paging.decode_cursor(cursor, filters, lambda position: len(position) == 4)
        query = query.where(BulkRow.position > int.from_bytes(after, "big"))
    rows = list(session.scalars(query.order_by(BulkRow.position).limit(size + 1)))
    last = rows[size - 1].position.to_bytes(4, "big") if len(rows) > size else None
    return Page(rows[:size], paging.encode_cursor(last, filters) if last is not None else None)


def all_rows(session: Session, scope: Scope, plan_id: UUID) -> list[BulkRow]:
    """All rows of a plan in their order, for a file."""
    query = select(BulkRow).where(BulkRow.plan_id == plan_id, scope.covers(BulkRow))
    return list(session.scalars(query.order_by(BulkRow.position).limit(MOST_READ)))


FILE_COLUMNS = (
    "row", "subscription", "action", "value", "name", "account", "before", "charge_now", "currency", "state", "code",
    "reason",
)  # fmt: skip


def file_rows(session: Session, scope: Scope, plan_id: UUID) -> list[tuple[Any, ...]]:
    """The rows of a plan under `FILE_COLUMNS`, for a file."""
    return [
        (row.position, row.number or row.subscription, row.action, row.value, row.name, row.account_name, row.before,
         row.charge_now.amount if row.charge_now else None, row.currency, row.state, row.error_code, row.error_detail)
        for row in all_rows(session, scope, plan_id)
    ]  # fmt: skip


def signature_of(plan: BulkPlan, rows: Iterable[BulkRow]) -> str:
    """The signature over a plan's rows and prices, whose it is, and until when it holds."""
    until = plan.expires_at.isoformat(timespec="seconds")
    facts = [(row.position, row.subscription, row.action, row.value, row.terms) for row in rows]
    return keyed_digest(config.current().preview_key, str(plan.id), str(plan.customer_id), until, canonical(facts))


def plan_terms(session: Session, scope: Scope, plan_id: UUID) -> list[ChangeTerms]:
    """The terms of all rows of a plan that can be made, as they were priced."""
    query = select(BulkRow.terms).where(BulkRow.plan_id == plan_id, BulkRow.state != "invalid", scope.covers(BulkRow))
    return [msgspec.convert(terms, ChangeTerms, strict=False) for terms in session.scalars(query) if terms is not None]


# ---- for the scheduler


def applying_plans(session: Session, scope: Scope, *, limit: int = 50) -> list[BulkPlan]:
    """The plans that are being applied, the oldest first."""
    query = select(BulkPlan).where(scope.covers(BulkPlan), BulkPlan.state == "applying")
    return list(session.scalars(query.order_by(BulkPlan.id).limit(limit)))
