"""Accounts: opened by a saga, changed by their customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked
from domains.kernel.errors import N_, Conflict, Invalid, Refused
from domains.kernel.messages import publish
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from .. import queries
from ..events import AccountChanged, AccountOpened
from ..models import Account, CustomerRef, clean_name, clean_tags, key_of
from .customers import locked_customer
from .standing import tell_standing


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
    customer = _active(locked_customer(session, customer_id))  # two openings at a time see each other's name
    clean, budget_minor = check_opening(session, customer, account_id=account_id, name=name, budget=budget)
    session.add(
        Account(
            id=account_id, customer_id=customer_id, reseller_id=reseller_id, name=clean, name_key=key_of(clean),
            status="opening", currency=customer.currency, cost_centre=cost_centre, po_reference=po_reference,
            budget_minor=budget_minor, created_at=clock.now(session), version=1,
        )
    )  # fmt: skip
    note(session, "accounts.open", customer_id, account_id, after={"name": clean, "currency": customer.currency})


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
    account = locked_account(session, account_id)
    if account is not None and account.status == "opening":
        account.status, account.name_key = "closed", str(account.id)
        account.version += 1
        note(session, "accounts.discard", account.customer_id, account_id)


def activate_account(session: Session, *, account_id: UUID, ccp_customer: CcpCustomer, ccp_user: CcpUser) -> None:
    """Open an account for good, linked to its tenant and user at the provider."""
    account = locked_account(session, account_id)
    if account is None or account.status != "opening":
        return
    account.ccp_customer, account.ccp_user = msgspec.to_builtins(ccp_customer), msgspec.to_builtins(ccp_user)
    account.status = "active"
    account.ccp_seen_at, account.opened_at = clock.now(session), clock.business_now(session)
    account.version += 1
    publish(session, AccountOpened(**facts_of(account)))
    note(session, "accounts.activate", account.customer_id, account_id, after={"ccp_user": ccp_user.principal_name})


def update_account(
    session: Session, *, scope: Scope, account_id: UUID, expected_version: int | None, **changes: Any
) -> Account:
    """Change name, cost_centre, po_reference, tags or budget (Money or None) of an account, or what `set_budget` sets.

    Refuses another version than the one expected, and a name that another account of the customer has.
    """
    account = queries.get(session, scope, account_id, for_change=True)
    if expected_version is not None and account.version != expected_version:
        raise Conflict("The account has been changed since you looked at it.", code="version_conflict")
    if account.status == "closed":  # its name is free, and stays so
        raise Refused("This account is closed.", code="account_closed")
    before = {name: getattr(account, name) for name in changes}
    if "name" in changes:
        locked_customer(session, account.customer_id)
        account.name = _free_name(session, account.customer_id, account.id, changes["name"])
        account.name_key = key_of(account.name)
    if "tags" in changes:
        changes["tags"] = account.tags = clean_tags(changes["tags"] or ())
    if "budget" in changes:
        account.budget_minor = _budget_minor(account.currency, changes["budget"])
    if "commitment_limit" in changes:
        account.commitment_minor = _budget_minor(account.currency, changes["commitment_limit"], "commitment_limit")
    for name in ("cost_centre", "po_reference", "beyond", "alerts"):
        if name in changes:
            setattr(account, name, changes[name])
    account.version += 1
    publish(session, AccountChanged(**facts_of(account)))
    tell_standing(session, account_id)
    after = {name: getattr(account, name) for name in changes}
    note(session, "accounts.update", account.customer_id, account_id, before=before, after=after)
    return account


def _free_name(session: Session, customer_id: UUID, account_id: UUID, name: str) -> str:
    clean = clean_name(name)
    same = (Account.customer_id == customer_id, Account.name_key == key_of(clean), Account.id != account_id)
    if session.scalars(select(Account).where(*same)).first() is not None:
        raise Refused("There is an account called %(name)s already.", code="name_taken", field="name", name=clean)
    return clean


def _budget_minor(currency: str, budget: Money | None, field: str = "budget") -> int | None:
    if budget is not None and (budget.currency != currency or budget.minor < 0):
        text = N_("Give the budget in %(currency)s, zero or more.")
        raise Invalid(text, code="budget_invalid", field=field, currency=currency)
    return budget.minor if budget is not None else None


def locked_account(session: Session, account_id: UUID) -> Account | None:
    """An account's row, locked until the transaction ends."""
    return session.scalars(locked(select(Account).where(Account.id == account_id), Account)).one_or_none()


def facts_of(account: Account) -> dict[str, Any]:
    """What other domains are told of an account."""
    return {
        "account_id": account.id, "customer_id": account.customer_id, "reseller_id": account.reseller_id,
        "name": account.name, "currency": account.currency, "status": account.status, "version": account.version,
    }  # fmt: skip


def note(session: Session, action: str, customer_id: UUID, account_id: UUID, **values: Any) -> None:
    """Keep in the audit trail what was done to an account."""
    audit.record(session, action, customer_id=customer_id, subject=("account", account_id), **values)
