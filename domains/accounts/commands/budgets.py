"""Budgets: how much an account may commit, what happens beyond, and who is told before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import N_, Invalid
from domains.kernel.messages import publish
from domains.kernel.tenancy import Scope

from ..events import BudgetReached
from ..models import BEYOND, Account, BudgetAlert, Commitment, Reservation
from ..queries import accounts as reading
from ..queries import budgets
from .accounts import locked_account, update_account
from .standing import tell_standing

MOST_ALERTS, HIGHEST = 5, 200  # percents


def set_budget(
    session: Session, *, scope: Scope, account_id: UUID, expected_version: int | None, **changes: Any
) -> Account:
    """Say what an account may commit in a month (`budget`) and in all until its last term ends (`commitment_limit`).

    `beyond` is block, warn or ask (for an approval); at each of `alerts`, percents of the monthly budget, the
    customer's owners are told, once a month. What is left out stays; None takes a limit away. Refuses
    another version than the one expected.
    """
    if "beyond" in changes:
        _check_beyond(changes["beyond"])
    if "alerts" in changes:
        changes["alerts"] = _percents(changes["alerts"])
    known: dict[str, Any] = {"account_id": account_id, "expected_version": expected_version}
    return update_account(session, scope=scope, **known, **changes)


def _check_beyond(beyond: str) -> None:
    if beyond not in BEYOND:
        text = N_("Say what happens beyond the budget: %(ways)s.")
        raise Invalid(text, code="beyond_invalid", field="beyond", ways=", ".join(BEYOND))


def _percents(alerts: Sequence[int]) -> list[int]:
    percents = sorted(set(alerts))
    if len(percents) > MOST_ALERTS or any(not 1 <= one <= HIGHEST for one in percents):
        text = N_("Give at most %(most)s percents from 1 to %(highest)s at which somebody is told.")
        raise Invalid(text, code="alerts_invalid", field="alerts", most=MOST_ALERTS, highest=HIGHEST)
    return percents


def know_commitment(
    session: Session, *, subscription_id: UUID, account_id: UUID, customer_id: UUID, reseller_id: UUID | None,
    name: str, currency: str, cycle_minor: int, billing_cycle: str, valid_from: date, valid_to: date,
    auto_renew: bool, state: str, version: int, run_id: UUID | None = None,
) -> None:  # fmt: skip
    """Take over what services say a subscription costs; facts older than those known are left aside.

    What was held for the run that has made it so is counted by this from now on.
    """
    facts: dict[str, Any] = {
        "account_id": account_id, "customer_id": customer_id, "reseller_id": reseller_id, "name": name,
        "currency": currency, "cycle_minor": cycle_minor, "billing_cycle": billing_cycle, "valid_from": valid_from,
        "valid_to": valid_to, "auto_renew": auto_renew, "state": state, "version": version,
    }  # fmt: skip
    if not insert_new(session, Commitment.__table__, {"subscription_id": subscription_id, **facts}, "subscription_id"):
        query = select(Commitment).where(Commitment.subscription_id == subscription_id)
        known = session.scalars(locked(query, Commitment.__table__)).one_or_none()
        if known is None or known.version > version:
            return
        for field, value in facts.items():
            setattr(known, field, value)
    if run_id is not None:
        of_run = update(Reservation).where(Reservation.run_id == run_id, Reservation.account_id == account_id)
        session.execute(of_run.values(counted=True))
    warn(session, account_id)
    tell_standing(session, account_id)


def warn(session: Session, account_id: UUID) -> None:
    """Tell once a month of each part of an account's budget that is reached; the highest of them is told of."""
    account = locked_account(session, account_id)
    if account is None or not account.budget or account.status == "closed":
        return
    committed = budgets.committed_this_month(session, account)
    month = reading.month_start(session, account.customer_id).date()
    reached = {one for one in account.alert_percents if committed.minor * 100 >= account.budget.minor * one}
    new = reached - budgets.told(session, account_id, month)
    for percent in new:
        session.add(
            BudgetAlert(
                id=new_id(), account_id=account_id, customer_id=account.customer_id, reseller_id=account.reseller_id,
                month=month, percent=percent, told_at=clock.now(session),
            )
        )  # fmt: skip
    if new:
        told = BudgetReached(
            account.version, account.id, account.customer_id, account.reseller_id, account.name, max(new), committed,
            account.budget,
        )  # fmt: skip
        publish(session, told)
