"""Spending: an amount is held while an order or a change is under way, then settled or given back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import locked
from domains.kernel.errors import N_, Invalid, NotFound, Refused
from domains.kernel.messages import context
from domains.kernel.money import Money

from ..models import ASK, Account, Reservation
from ..queries import accounts as reading
from ..queries import budgets
from .accounts import locked_account, note
from .customers import locked_customer
from .standing import tell_standing

BUDGET = N_("The monthly budget of %(account)s leaves %(left)s; this needs %(needed)s. Raise it or order less.")
CEILING = N_("What %(account)s may owe until its terms end leaves %(left)s; this needs %(needed)s.")
BUDGET_ASKS = N_(
    "The monthly budget of %(account)s leaves %(left)s by now; this needs %(needed)s. Send it again: then it waits for "
    "an approval."
)
CEILING_ASKS = N_(
    "What %(account)s may owe until its terms end leaves %(left)s by now; this needs %(needed)s. Send it again: then "
    "it waits for an approval."
)


def reserve_spend(
    session: Session, *, reservation_id: UUID, account_id: UUID, customer_id: UUID, reserve: Money
) -> None:
    """Hold an amount for an order. Nothing is held for zero or less.

    Refused when the account is not active, when its budget or the customer's credit leaves too little; another
    customer's account is not found, another currency than the account's is invalid.
    """
    _reserve(session, reservation_id, account_id, customer_id, reserve, over_budget=False)


def reserve_approved(
    session: Session, *, reservation_id: UUID, account_id: UUID, customer_id: UUID, reserve: Money, over_budget: bool
) -> None:
    """Hold an amount for what somebody has said yes to, also beyond the budget if that was asked for (`over_budget`).

    Only an account that lets such orders be asked for is passed. Refuses what `reserve_spend` refuses besides.
    """
    _reserve(session, reservation_id, account_id, customer_id, reserve, over_budget=over_budget)


def _reserve(
    session: Session, reservation_id: UUID, account_id: UUID, customer_id: UUID, reserve: Money, *, over_budget: bool
) -> None:  # fmt: skip
    # Two orders of the same second would both see the money that only one can have.
    account = locked_account(session, account_id)
    if account is None or account.customer_id != customer_id:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    if session.get(Reservation, reservation_id) is not None:
        return
    if account.status != "active":
        raise Refused("This account is not open for orders.", code="account_not_active", field="account_id")
    _check_currency(account.currency, reserve)
    if reserve.minor <= 0:
        return
    if not (over_budget and account.when_beyond == ASK):
        _within_budget(session, account, reserve)
    _within_credit(session, customer_id, reserve)
    session.add(
        Reservation(
            id=reservation_id, account_id=account_id, customer_id=customer_id, reseller_id=account.reseller_id,
            amount_minor=reserve.minor, currency=reserve.currency, state="held", held_at=clock.business_now(session),
            run_id=context().run_id,
        )
    )  # fmt: skip
    note(session, "accounts.reserve", customer_id, account_id, after={"amount": reserve})
    tell_standing(session, account_id)


def _check_currency(currency: str, amount: Money) -> None:
    if amount.currency != currency:  # minor units of two currencies would be added up
        raise Invalid("Give the amount in %(currency)s.", code="currency_invalid", currency=currency)


def _within_budget(session: Session, account: Account, reserve: Money) -> None:
    """Refuse what does not fit under a limit; of an order its first billing cycle is known here, then all of it."""
    if account.when_beyond == "warn":
        return
    asks = account.when_beyond == ASK
    facts: dict[str, Any] = {"account": account.name, "needed": reserve}
    left = budgets.ceiling_left(session, account)
    if left is not None and left < reserve:
        raise Refused(CEILING_ASKS if asks else CEILING, code="commitment_exceeded", left=left, **facts)
    left = budgets.left_at_least(session, account)
    if left is not None and left < reserve:
        raise Refused(BUDGET_ASKS if asks else BUDGET, code="budget_exceeded", left=left, **facts)


def _within_credit(session: Session, customer_id: UUID, reserve: Money) -> None:
    customer = locked_customer(session, customer_id)
    if customer is None or customer.credit_limit is None or customer.currency != reserve.currency:
        return
    # What was confirmed this month and last is not invoiced and paid yet.
    since = reading.month_start(session, customer_id, back=1)
    committed = reading.committed_minor(session, Reservation.customer_id == customer_id, since)
    left = customer.credit_limit - Money.from_minor(committed, customer.currency)
    if left < reserve:
        text = N_("The credit limit leaves %(left)s; this needs %(needed)s. Ask us to raise it or order less.")
        raise Refused(text, code="credit_exceeded", left=left, needed=reserve)


def release_reservation(session: Session, *, reservation_id: UUID) -> None:
    """Give back what was held; if nothing was, fine."""
    held = session.scalars(locked(select(Reservation).where(Reservation.id == reservation_id), Reservation)).first()
    if held is not None and held.state == "held":
        held.state = "released"
        note(session, "accounts.release", held.customer_id, held.account_id)
        tell_standing(session, held.account_id)


def confirm_reservation(session: Session, *, reservation_id: UUID, accepted_total: Money | None = None) -> None:
    """Settle what was held: what the provider accepted stays committed, the rest is given back."""
    held = session.scalars(locked(select(Reservation).where(Reservation.id == reservation_id), Reservation)).first()
    if held is not None and held.state == "held":
        if accepted_total is not None:
            _check_currency(held.currency, accepted_total)
            held.amount_minor = min(held.amount_minor, max(accepted_total.minor, 0))
        held.state = "confirmed"
        note(session, "accounts.confirm", held.customer_id, held.account_id, after={"minor": held.amount_minor})
        tell_standing(session, held.account_id)
