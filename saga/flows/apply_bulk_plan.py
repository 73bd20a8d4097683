"""A bulk plan is applied: begun once, worked off in the background row by row, and told when none is left.

Each row is a change with a run of its own, so that one that fails stops no other (see `saga.bulk_rows`).
"""

from __future__ import annotations

from domains.notifications import commands as notifications
from domains.services import commands as services
from domains.services import exchanges as work

from ..definition import N_, Saga, pivot, step
from ..payloads.bulk_plan import ApplyBulkPlan

apply_bulk_plan = Saga("apply-bulk-plan", ApplyBulkPlan, (
    pivot(services.start_plan, title=N_("Begin the plan")),
    step(work.await_plan, gives=("facts",), title=N_("Make the changes, one by one")),
    step(notifications.notify, title=N_("Tell you")),
))  # fmt: skip
