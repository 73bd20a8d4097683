"""Spending: an amount is held while an order or a change is under way, then settled or given back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import locked
from domains.kernel.errors import N_, Invalid, NotFound, Refused
from domains.kernel.messages import context
from domains.kernel.money import Money

from ..models import Account, Reservation
from ..queries import accounts as reading
from ..queries import budgets
from .accounts import locked_account, note
from .customers import locked_customer


def reserve_spend(
    session: Session, *, reservation_id: UUID, account_id: UUID, customer_id: UUID, reserve: Money
) -> None:
    """Hold an amount for an order. Nothing is held for zero or less.

    Refused when the account is not active, when its budget or the customer's credit leaves too little; another
    customer's account is not found, another currency than the account's is invalid.
    """
    account = locked_account(
        session, account_id
    )  # two orders of the same second would both see the money only one can have
    if account is None or account.customer_id != customer_id:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    if session.get(Reservation, reservation_id) is not None:
        return
    if account.status != "active":
        raise Refused("This account is not open for orders.", code="account_not_active", field="account_id")
    _check_currency(account.currency, reserve)
    if reserve.minor <= 0:
        return
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


def _check_currency(currency: str, amount: Money) -> None:
    if amount.currency != currency:  # minor units of two currencies would be added up
        raise Invalid("Give the amount in %(currency)s.", code="currency_invalid", currency=currency)


def _within_budget(session: Session, account: Account, reserve: Money) -> None:
    if account.when_beyond != "block":
        return
    _within_ceiling(session, account, reserve)
    if account.budget is None:
        return
    left = account.budget - budgets.committed_at_most(session, account)
    if left < reserve:
        text = N_("The monthly budget of %(account)s leaves %(left)s; this needs %(needed)s. Raise it or order less.")
        raise Refused(text, code="budget_exceeded", account=account.name, left=left, needed=reserve)


def _within_ceiling(session: Session, account: Account, reserve: Money) -> None:
    """Refuse what does not fit under the ceiling; of an order its first billing cycle is known here, then all of it."""
    if account.commitment_limit is None:
        return
    left = account.commitment_limit - budgets.committed_to_term_end(session, account)
    if left < reserve:
        text = N_("What %(account)s may owe until its terms end leaves %(left)s; this needs %(needed)s.")
        raise Refused(text, code="commitment_exceeded", account=account.name, left=left, needed=reserve)


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


def confirm_reservation(session: Session, *, reservation_id: UUID, accepted_total: Money | None = None) -> None:
    """Settle what was held: what the provider accepted stays committed, the rest is given back."""
    held = session.scalars(locked(select(Reservation).where(Reservation.id == reservation_id), Reservation)).first()
    if held is not None and held.state == "held":
        if accepted_total is not None:
            _check_currency(held.currency, accepted_total)
            held.amount_minor = min(held.amount_minor, max(accepted_total.minor, 0))
        held.state = "confirmed"
        note(session, "accounts.confirm", held.customer_id, held.account_id, after={"minor": held.amount_minor})
