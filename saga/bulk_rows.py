"""The rows of bulk plans: so many at once as runs of their own, each under a key of its own, until all have ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from domains.kernel.tenancy import Actor, Caller, Scope
from domains.services import commands, queries
from domains.services import db as services_db
from domains.services.pricing import ChangeTerms

from . import store, tables
from .definition import Saga
from .flows.cancel_subscription import cancel_subscription
from .flows.change_quantity import change_quantity
from .flows.extend_subscription import extend_subscription
from .tables import Run

AT_ONCE = 25  # rows of one plan, so that other customers' changes are not held up by it
FLOWS: dict[str, Saga] = {
    "change_quantity": change_quantity, "cancel": cancel_subscription, "extend": extend_subscription,
}  # fmt: skip
NO_ANSWER = "We got no clear answer in time; what had been done was taken back."


def work_off(window: str) -> object:
    """Begin the next rows of each plan that is being applied, and note how those have ended that were begun."""
    with services_db.begin_read() as session:
        plans = queries.applying_plans(session, Scope.system("work off plans"))
    return [work_off_one(plan) for plan in plans]


def work_off_one(plan: Any) -> int:
    """The same for one plan; gives how many rows have ended. Done by two at once, it is done once."""
    with services_db.begin() as session:
        rows = commands.claim_rows(session, plan_id=plan.id, at_once=AT_ONCE)
    keys = {f"bulk/{plan.id}/{row.id}": row for row in rows}
    with tables.db.begin_read() as session:
        runs = store.by_keys(session, list(keys))
    for key, row in keys.items():
        if key not in runs:
            runs[key] = _begin(plan, row, key)
    outcomes = [_outcome(keys[key].id, run) for key, run in runs.items() if run.is_final]
    if outcomes or not rows:
        with services_db.begin() as session:
            commands.note_outcomes(session, plan_id=plan.id, outcomes=outcomes)
    return len(outcomes)


def _begin(plan: Any, row: Any, key: str) -> Run:
    """The row's own run, on the terms and the version that the plan has shown, in the name of whoever applied it."""
    terms = msgspec.convert(row.terms, ChangeTerms, strict=False)
    kind = "user" if plan.applied_by_id else "client"
    actor = Actor(kind, str(plan.applied_by_id or ""), plan.applied_by or "")
    # Without an address: one e-mail tells of the whole plan, not one of each row.
    caller = Caller(
        actor=actor, scope=Scope.customer(terms.customer_id), customer_id=terms.customer_id, customer_kind="",
        customer_name="", roles=(), scopes=frozenset(), login_id="",
    )  # fmt: skip
    payload = FLOWS[row.action].payload.of(terms, caller, terms.subscription_version)  # type: ignore[attr-defined]
    return store.start(FLOWS[row.action], payload, key=key, label=payload.label, resource=payload.resource, actor=actor)


def _outcome(row_id: UUID, run: Run) -> commands.RowOutcome:
    error = run.error or {}
    if run.status == "completed" or (run.status == "resolved" and run.pivoted):
        return commands.RowOutcome(row_id, run.id)
    return commands.RowOutcome(row_id, run.id, error.get("code", "no_answer"), error.get("detail") or NO_ANSWER)
