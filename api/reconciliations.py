"""Have an account compared with the provider at once."""

from __future__ import annotations

from uuid import UUID

from flask import g

from domains.accounts import db, queries
from saga.flows.reconcile_account import reconcile_account as flow
from saga.payloads.drift import ReconcileAccount

from .auth import requires
from .blueprint import Blueprint
from .starting import Start, starts

blp = Blueprint("reconciliations", __name__, url_prefix="/accounts", description=__doc__)


@blp.post("/<uuid:account_id>/reconcile")
@requires("subscriptions:write")
@starts
def reconcile_account(account_id: UUID) -> Start:
    """Compare an account's subscriptions with the provider.

    Each account is compared once a day by itself. What stands otherwise over there is listed by `listDrift`.
    """
    with db.begin_read() as session:
        account = queries.get(session, g.caller.scope, account_id)
    return Start(flow, ReconcileAccount.of(account))
