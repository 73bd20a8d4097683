"""Drift: the flow of each decision, and what the scheduler begins: comparing accounts, adopting what rules cover."""

from __future__ import annotations

from uuid import UUID

from domains.kernel.tenancy import Scope
from domains.services import commands
from domains.services import db as services_db
from domains.services import queries as services

from . import store, tables
from .definition import Saga
from .flows.adopt_drift import adopt_drift
from .flows.ignore_drift import ignore_drift
from .flows.open_drift_case import open_drift_case
from .flows.reconcile_account import reconcile_account
from .flows.revert_drift import revert_drift
from .payloads.drift import ReconcileAccount, SettleDrift

COMPARED_AT_ONCE = 50  # accounts that are being compared; they are spread over the day by this alone
ADOPTED_AT_ONCE = 50
SETTLING: dict[str, Saga] = {
    "adopt": adopt_drift, "revert": revert_drift, "case": open_drift_case, "ignore": ignore_drift,
}  # fmt: skip


def begin_comparisons(window: str) -> object:
    """Compare the accounts that were not compared for a day; so many at once and no more.

    While a provider is away, the comparisons that wait for it are enough.
    """
    with tables.db.begin_read() as session:
        room = max(0, COMPARED_AT_ONCE - store.unfinished(session, reconcile_account.name))
    with services_db.begin_read() as session:
        due = services.due_accounts(session, Scope.system("compare accounts"), limit=room) if room else []
    with tables.db.begin_read() as session:
        names = [account.id for account in due]
        runs = store.unfinished_of(session, reconcile_account.name, names) if names else set()
    for account in due:
        if account.id not in runs:
            payload = ReconcileAccount.of(account)
            key = f"reconcile/{account.id}/{window}"
            store.start(reconcile_account, payload, key=key, label=payload.label, resource=payload.resource)
    return due


def begin_hinted(window: str) -> object:
    """Compare the accounts that a provider has hinted at, each once, however many hints there are of it."""
    with services_db.begin_read() as session:
        found = services.hinted_accounts(session, Scope.system("compare what providers hint at"), limit=200)
    hints: dict[UUID, list[UUID]] = {}
    for account, hint_id in found:
        hints.setdefault(account.id, []).append(hint_id)
    accounts = {account.id: account for account, _ in found}
    for account_id, hint_ids in hints.items():
        payload = ReconcileAccount.of(accounts[account_id])
        key = f"reconcile/hint/{hint_ids[-1]}"
        store.start(reconcile_account, payload, key=key, label=payload.label, resource=payload.resource)
        with services_db.begin() as session:
            commands.take_hints(session, hint_ids=hint_ids)
    return list(accounts)


def begin_adoptions(window: str) -> object:
    """Adopt what an account's rule covers, each difference once: what was refused waits for a person."""
    with services_db.begin_read() as session:
        found = services.under_a_rule(session, Scope.system("adopt by rule"), limit=1000)
    with tables.db.begin_read() as session:
        room = max(0, ADOPTED_AT_ONCE - store.unfinished(session, adopt_drift.name))
    for drift in found[:room]:
        payload = SettleDrift.of(drift, "adopt", None, None, drift.version)
        key = f"adopt/{drift.id}/{drift.version}"
        store.start(adopt_drift, payload, key=key, label=payload.label, resource=payload.resource)
    return found[:room]
