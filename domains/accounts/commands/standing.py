"""What an account's limits leave is told to whoever sells, where passing them is to be asked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.database import locked
from domains.kernel.messages import publish
from domains.kernel.tenancy import Scope

from ..events import BudgetStands
from ..models import ASK, Account
from ..queries import budgets


def tell_standing(session: Session, account_id: UUID) -> None:
    """Tell what an account's limits leave, if that is another thing than was told last.

    Nothing of an account whose orders need not be asked for. The account stays locked until the transaction ends, so
    that what is told later is true later.
    """
    account = session.get(Account, account_id)
    if account is None or (account.when_beyond != ASK and account.stands is None):
        return
    account = session.scalars(locked(select(Account).where(Account.id == account_id), Account)).one()
    before: dict[str, Any] = account.stands or {"version": 0, "asks": False}
    facts = _standing(session, account) if account.when_beyond == ASK else {"asks": False}
    if {**before, **facts} == before:
        return
    account.stands = {**facts, "version": before["version"] + 1}
    left = [budgets.money_of(account, facts.get(name)) for name in ("budget_left", "commitment_left")]
    whose = (account.id, account.customer_id, account.reseller_id)
    publish(session, BudgetStands(account.stands["version"], *whose, facts["asks"], *left))


def _standing(session: Session, account: Account) -> dict[str, Any]:
    left, ceiling = budgets.left_at_least(session, account), budgets.ceiling_left(session, account)
    return {
        "asks": True, "budget_left": None if left is None else left.minor,
        "commitment_left": None if ceiling is None else ceiling.minor,
    }  # fmt: skip


def tell_standings(
    session: Session, *, scope: Scope, but: Collection[UUID] = (), after: UUID | None = None, most: int = 200
) -> list[UUID]:
    """The same for the accounts in scope whose orders are to be asked for, `most` after one; gives which they are.

    Those of some customers are left out: they go by clocks of their own.

    A new month begins for them without anybody doing anything.
    """
    query = select(Account.id).where(scope.covers(Account), Account.beyond == ASK, Account.status != "closed")
    query = query if after is None else query.where(Account.id > after)
    query = query.where(Account.customer_id.not_in(but)) if but else query
    found = list(session.scalars(query.order_by(Account.id).limit(most)))
    for account_id in found:
        tell_standing(session, account_id)
    return found
