"""The rows of bulk plans: so many at once as runs of their own, each under a key of its own, until all have ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.tenancy import Actor, Caller, Scope
from domains.services import commands, queries
from domains.services import db as services_db
from domains.services.pricing import ChangeTerms

from . import store, tables
from .definition import Saga
from .flows.cancel_subscription import cancel_subscription
from .flows.change_quantity import change_quantity
from .flows.extend_subscription import extend_subscription
from .payloads.change import changing
from .tables import Run

AT_ONCE = 25  # rows of one plan, so that other customers' changes are not held up by it
FLOWS: dict[str, Saga] = {
    "change_quantity": change_quantity, "cancel": cancel_subscription, "extend": extend_subscription,
}  # fmt: skip
ASKING = ("change_quantity", "extend")  # what may need an approval
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
    outcomes = []
    for key, row in keys.items():
        try:
            run = runs[key] if key in runs else _begin(plan, row, key)
        except (Conflict, Invalid, NotFound, Refused) as no:
            outcomes.append(commands.RowOutcome(row.id, None, no.code, str(no.detail)))
            continue
        if run.is_final:
            outcomes.append(_outcome(row.id, run))
    if outcomes or not rows:
        with services_db.begin() as session:
            commands.note_outcomes(session, plan_id=plan.id, outcomes=outcomes)
    return len(outcomes)


def _begin(plan: Any, row: Any, key: str) -> Run:
    """The row's own run, on the terms and the version that the plan has shown, in the name of whoever applied it.

    One of a plan that has waited for an approval goes by that approval, and is dated by today.
    """
    terms = msgspec.convert(row.terms, ChangeTerms, strict=False)
    kind = "user" if plan.applied_by_id else "client"
    actor = Actor(kind, str(plan.applied_by_id or ""), plan.applied_by or "")
    # Without an address: one e-mail tells of the whole plan, not one of each row.
    caller = Caller(
        actor=actor, scope=Scope.customer(terms.customer_id), customer_id=terms.customer_id, customer_kind="",
        customer_name="", roles=(), scopes=frozenset(), login_id="",
    )  # fmt: skip
    seen, approval = terms.subscription_version, None
    if plan.approval_id is not None:
        terms, approval = _as_of_today(plan, row.action, terms)
    flow, payload = changing(FLOWS[row.action], terms, caller, seen, approval)
    return store.start(flow, payload, key=key, label=payload.label, resource=payload.resource, actor=actor)


def _as_of_today(plan: Any, action: str, terms: ChangeTerms) -> tuple[ChangeTerms, Any]:
    """A row's terms by today, and its approval where its flow waits for one: that of the plan, which is given."""
    scope = Scope.system("go on with an approved plan")
    with services_db.begin_read() as session:
        now = queries.change_as_of_today(
            session, Scope.customer(terms.customer_id), change_id=terms.change_id,
            subscription_id=terms.subscription_id, kind=terms.kind, to_quantity=terms.to_quantity,
            valid_to_wish=terms.valid_to_wish, mode=terms.mode,
        )  # fmt: skip
        return now, queries.asked_of(session, scope, plan.approval_id) if action in ASKING else None


def _outcome(row_id: UUID, run: Run) -> commands.RowOutcome:
    error = run.error or {}
    if run.status == "completed" or (run.status == "resolved" and run.pivoted):
        return commands.RowOutcome(row_id, run.id)
    return commands.RowOutcome(row_id, run.id, error.get("code", "no_answer"), error.get("detail") or NO_ANSWER)
