"""A bulk plan is waited for: its rows are changes with runs of their own, which the scheduler begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.errors import Pending
from domains.kernel.messages import Exchange
from domains.kernel.tenancy import Scope

from ..queries.bulk_plans import get_plan

LOOKED_AT_EVERY = 5.0  # seconds


@dataclass(frozen=True)
class PlanEnded:
    """What became of a plan, for the e-mail that tells of it."""

    facts: dict[str, Any]


def _intend(session: Session, *, plan_id: UUID) -> bool:
    return bool(get_plan(session, Scope.system("wait for a plan"), plan_id).plan.state == "applying")


def _call(at_work: bool, asked_before: bool) -> None:
    if at_work:
        raise Pending("rows", retry_after=LOOKED_AT_EVERY)


def _record(session: Session, answer: None, *, plan_id: UUID) -> PlanEnded:
    found = get_plan(session, Scope.system("wait for a plan"), plan_id)
    failed = sum(found.counts.get(state, 0) for state in ("refused", "conflict"))
    known = {"done": found.counts.get("done", 0), "failed": failed, "canceled": found.counts.get("canceled", 0)}
    return PlanEnded({"number": found.plan.number, "rows": found.plan.rows, **known})


await_plan = Exchange("services.await_plan", _intend, _call, _record)
