"""What can be done with accounts: open, change, hold an amount and settle it, learn about customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import insert_new, locked
from domains.kernel.errors import N_, Conflict, Invalid, NotFound, Refused
from domains.kernel.messages import publish
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from . import queries
from .events import AccountChanged, AccountOpened
from .models import Account, CustomerRef, Reservation, clean_name, key_of


@dataclass(frozen=True)
class CcpCustomer:
    """The tenant that an account has at the provider."""

    id: str
    reference: str
    name: str
    country: str
    domain: str
    status: str


@dataclass(frozen=True)
class CcpUser:
    """The user that an account has at the provider."""

    id: str
    principal_name: str
    display_name: str
    email: str
    status: str
    roles: tuple[str, ...]
    mfa_enabled: bool
    last_sign_in_at: datetime | None
    created_at: datetime | None


def know_customer(
    session: Session,
    *,
    customer_id: UUID,
    reseller_id: UUID | None,
    kind: str,
    name: str,
    status: str,
    currency: str,
    country: str,
    region: str,
    time_zone: str,
    credit_limit: Money | None,
    price_book: str,
    version: int = 1,
) -> None:
    """Note what accounts need to know of a customer; facts older than those known are left aside."""
    facts: dict[str, Any] = {
        "reseller_id": reseller_id, "kind": kind, "name": name, "status": status, "currency": currency,
        "country": country, "region": region, "time_zone": time_zone, "price_book": price_book, "version": version,
        "credit_minor": credit_limit.minor if credit_limit else None,
    }  # fmt: skip
    if insert_new(session, CustomerRef.__table__, {"customer_id": customer_id, **facts}, "customer_id"):
        return
    known = _locked_customer(session, customer_id)
    if known is not None and known.version < version:
        for name_, value in facts.items():
            setattr(known, name_, value)


def forget_customer(session: Session, *, customer_id: UUID) -> None:
    """Forget a customer whose onboarding came to nothing; if it is not known, fine."""
    known = session.get(CustomerRef, customer_id)
    if known is not None:
        session.delete(known)


def open_account(
    session: Session,
    *,
    account_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    name: str,
    cost_centre: str | None,
    po_reference: str | None,
    budget: Money | None,
) -> None:
    """Begin to open an account. Refused when the customer is not active or has an account of that name."""
    if session.get(Account, account_id) is not None:
        return
    customer = _active(_locked_customer(session, customer_id))  # two openings at a time see each other's name
    clean, budget_minor = check_opening(session, customer, account_id=account_id, name=name, budget=budget)
    session.add(
        Account(
            id=account_id, customer_id=customer_id, reseller_id=reseller_id, name=clean, name_key=key_of(clean),
            status="opening", currency=customer.currency, cost_centre=cost_centre, po_reference=po_reference,
            budget_minor=budget_minor, created_at=clock.now(session), version=1,
        )
    )  # fmt: skip
    _audit(session, "accounts.open", customer_id, account_id, after={"name": clean, "currency": customer.currency})


def check_opening(
    session: Session, customer: CustomerRef, *, account_id: UUID, name: str, budget: Money | None
) -> tuple[str, int | None]:
    """The clean name and the budget in minor units of an account to be opened; refuses what cannot be opened.

    The surfaces ask this before they start, so that a taken name is said at the form.
    """
    budget_minor = _budget_minor(_active(customer).currency, budget)
    return _free_name(session, customer.customer_id, account_id, name), budget_minor


def _active(customer: CustomerRef | None) -> CustomerRef:
    if customer is None or customer.status != "active":
        raise Refused("This customer cannot open accounts: it is not active.", code="customer_not_active")
    return customer


def discard_account(session: Session, *, account_id: UUID) -> None:
    """Take back an account whose opening came to nothing; its name is free again. If it is not there, fine."""
    account = _locked(session, account_id)
    if account is not None and account.status == "opening":
        account.status, account.name_key = "closed", str(account.id)
        account.version += 1
        _audit(session, "accounts.discard", account.customer_id, account_id)


def activate_account(session: Session, *, account_id: UUID, ccp_customer: CcpCustomer, ccp_user: CcpUser) -> None:
    """Open an account for good, linked to its tenant and user at the provider."""
    account = _locked(session, account_id)
    if account is None or account.status != "opening":
        return
    account.ccp_customer, account.ccp_user = msgspec.to_builtins(ccp_customer), msgspec.to_builtins(ccp_user)
    account.status = "active"
    account.ccp_seen_at, account.opened_at = clock.now(session), clock.business_now(session)
    account.version += 1
    publish(session, AccountOpened(**_facts(account)))
    _audit(session, "accounts.activate", account.customer_id, account_id, after={"ccp_user": ccp_user.principal_name})


def update_account(
    session: Session, *, scope: Scope, account_id: UUID, expected_version: int | None, **changes: Any
) -> Account:
    """Change name, cost_centre, po_reference or budget (Money or None) of an account.

    Refuses another version than the one expected, and a name that another account of the customer has.
    """
    account = queries.get(session, scope, account_id, for_change=True)
    if expected_version is not None and account.version != expected_version:
        raise Conflict("The account has been changed since you looked at it.", code="version_conflict")
    if account.status == "closed":  # its name is free, and stays so
        raise Refused("This account is closed.", code="account_closed")
    before = {name: getattr(account, name) for name in changes}
    if "name" in changes:
        _locked_customer(session, account.customer_id)
        account.name = _free_name(session, account.customer_id, account.id, changes["name"])
        account.name_key = key_of(account.name)
    if "budget" in changes:
        account.budget_minor = _budget_minor(account.currency, changes["budget"])
    for name in ("cost_centre", "po_reference"):
        if name in changes:
            setattr(account, name, changes[name])
    account.version += 1
    publish(session, AccountChanged(**_facts(account)))
    after = {name: getattr(account, name) for name in changes}
    _audit(session, "accounts.update", account.customer_id, account_id, before=before, after=after)
    return account


def _free_name(session: Session, customer_id: UUID, account_id: UUID, name: str) -> str:
    clean = clean_name(name)
    same = (Account.customer_id == customer_id, Account.name_key == key_of(clean), Account.id != account_id)
    if session.scalars(select(Account).where(*same)).first() is not None:
        raise Refused("There is an account called %(name)s already.", code="name_taken", field="name", name=clean)
    return clean


def _budget_minor(currency: str, budget: Money | None) -> int | None:
    if budget is not None and (budget.currency != currency or budget.minor < 0):
        text = N_("Give the budget in %(currency)s, zero or more.")
        raise Invalid(text, code="budget_invalid", field="budget", currency=currency)
    return budget.minor if budget is not None else None


def reserve_spend(
    session: Session, *, reservation_id: UUID, account_id: UUID, customer_id: UUID, reserve: Money
) -> None:
    """Hold an amount for an order. Nothing is held for zero or less.

    Refused when the account is not active, when its budget or the customer's credit leaves too little; another
    customer's account is not found, another currency than the account's is invalid.
    """
    account = _locked(session, account_id)  # two orders of the same second would both see the money only one can have
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
        )
    )  # fmt: skip
    _audit(session, "accounts.reserve", customer_id, account_id, after={"amount": reserve})


def _check_currency(currency: str, amount: Money) -> None:
    if amount.currency != currency:  # minor units of two currencies would be added up
        raise Invalid("Give the amount in %(currency)s.", code="currency_invalid", currency=currency)


def _within_budget(session: Session, account: Account, reserve: Money) -> None:
    if account.budget is None:
        return
    since = queries.month_start(session, account.customer_id)
    committed = queries.committed_minor(session, Reservation.account_id == account.id, since)
    left = account.budget - Money.from_minor(committed, account.currency)
    if left < reserve:
        text = N_("This month's budget of %(account)s leaves %(left)s; this needs %(needed)s. Raise it or order less.")
        raise Refused(text, code="budget_exceeded", account=account.name, left=left, needed=reserve)


def _within_credit(session: Session, customer_id: UUID, reserve: Money) -> None:
    customer = _locked_customer(session, customer_id)
    if customer is None or customer.credit_limit is None or customer.currency != reserve.currency:
        return
    # What was confirmed this month and last is not invoiced and paid yet.
    since = queries.month_start(session, customer_id, back=1)
    committed = queries.committed_minor(session, Reservation.customer_id == customer_id, since)
    left = customer.credit_limit - Money.from_minor(committed, customer.currency)
    if left < reserve:
        text = N_("The credit limit leaves %(left)s; this needs %(needed)s. Ask us to raise it or order less.")
        raise Refused(text, code="credit_exceeded", left=left, needed=reserve)


def release_reservation(session: Session, *, reservation_id: UUID) -> None:
    """Give back what was held; if nothing was, fine."""
    held = session.scalars(locked(select(Reservation).where(Reservation.id == reservation_id), Reservation)).first()
    if held is not None and held.state == "held":
        held.state = "released"
        _audit(session, "accounts.release", held.customer_id, held.account_id)


def confirm_reservation(session: Session, *, reservation_id: UUID, accepted_total: Money | None = None) -> None:
    """Settle what was held: what the provider accepted stays committed, the rest is given back."""
    held = session.scalars(locked(select(Reservation).where(Reservation.id == reservation_id), Reservation)).first()
    if held is not None and held.state == "held":
        if accepted_total is not None:
            _check_currency(held.currency, accepted_total)
            held.amount_minor = min(held.amount_minor, max(accepted_total.minor, 0))
        held.state = "confirmed"
        _audit(session, "accounts.confirm", held.customer_id, held.account_id, after={"minor": held.amount_minor})


def _locked(session: Session, account_id: UUID) -> Account | None:
    return session.scalars(locked(select(Account).where(Account.id == account_id), Account)).one_or_none()


def _locked_customer(session: Session, customer_id: UUID) -> CustomerRef | None:
    query = locked(select(CustomerRef).where(CustomerRef.customer_id == customer_id), CustomerRef)
    return session.scalars(query).one_or_none()


def _facts(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.id, "customer_id": account.customer_id, "reseller_id": account.reseller_id,
        "name": account.name, "currency": account.currency, "status": account.status, "version": account.version,
    }  # fmt: skip


def _audit(session: Session, action: str, customer_id: UUID, account_id: UUID, **values: Any) -> None:
    audit.record(session, action, customer_id=customer_id, subject=("account", account_id), **values)
