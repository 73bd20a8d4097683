"""A bulk plan is applied: begun once, worked off in the background row by row, and told when none is left.

Each row is a change with a run of its own, so that one that fails stops no other (see `saga.bulk_rows`).
"""

from __future__ import annotations

from typing import Any

from domains.kernel.tenancy import Caller
from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as work
from domains.services.commands import ApprovalAsked

from ..asking import asked
from ..definition import N_, Saga, pivot, step
from ..payloads.bulk_plan import ApplyBulkPlan, ApplyBulkPlanLater

_rest = (
    step(work.await_plan, gives=("facts",), title=N_("Make the changes, one by one")),
    step(notifications.notify, title=N_("Tell you")),
)
apply_bulk_plan = Saga("apply-bulk-plan", ApplyBulkPlan, (
    pivot(services.start_plan, title=N_("Begin the plan")), *_rest,
))  # fmt: skip

# One that needs an approval: for all its rows together. Each is dated anew when it is begun.
apply_bulk_plan_later = Saga("apply-bulk-plan", ApplyBulkPlanLater, (
    *asked(services.request_plan, services.await_approval, services.give_up_plan),
    pivot(services.start_approved_plan, title=N_("Begin the plan")), *_rest,
), version=2)  # fmt: skip


def applying(plan: Any, digest: str, caller: Caller, approval: ApprovalAsked | None) -> tuple[Saga, ApplyBulkPlan]:
    """The flow in which a plan is applied and its payload: version 2 is the one that waits for an approval."""
    if approval is None:
        return apply_bulk_plan, ApplyBulkPlan.of(plan, digest, caller)
    return apply_bulk_plan_later, ApplyBulkPlanLater.of(plan, digest, caller, approval=approval)
