"""Accounts as services know them: registered while they open, active once the provider knows them too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domains.kernel import audit
from domains.kernel.database import insert_new, locked
from domains.kernel.errors import NotFound
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import AccountRef
from ..queries.accounts import check_unused


def register_account(
    session: Session,
    *,
    account_id: UUID,
    customer_id: UUID,
    reseller_id: UUID | None,
    name: str,
    currency: str,
    country: str,
    region: str,
    time_zone: str,
    price_book: str,
) -> None:
    """Make an account known here, so that it can be linked at the provider. Doing it twice does it once."""
    row = {
        "id": account_id, "customer_id": customer_id, "reseller_id": reseller_id, "name": name, "status": "opening",
        "currency": currency, "country": country, "region": region, "time_zone": time_zone, "price_book": price_book,
        "version": 0, "customer_version": 0,
    }  # fmt: skip
    insert_new(session, AccountRef.__table__, row, "id")


def forget_account(session: Session, *, account_id: UUID) -> None:
    """Take back the registration of an account that was never opened; an active one stays."""
    found = lock_account(session, account_id)
    if found is not None and found.status == "opening":
        session.delete(found)


def activate_account_ref(session: Session, *, account_id: UUID) -> None:
    """Let an account order from now on. Refuses an account that was not registered."""
    found = lock_account(session, account_id)
    if found is None:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    if found.status == "opening":
        found.status = "active"
        subject = ("account", account_id)
        audit.record(session, "services.activate_account", customer_id=found.customer_id, subject=subject)


def retire_account(session: Session, *, account_id: UUID, customer_id: UUID) -> None:
    """Let an account never order again. Refused while anything of it runs or is on its way; twice does it once."""
    found = lock_account(session, account_id)
    if found is None or found.customer_id != customer_id:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    check_unused(session, Scope.customer(customer_id), account_id)
    if found.status != "closed":
        found.status = "closed"
        audit.record(session, "services.retire_account", customer_id=customer_id, subject=("account", account_id))


def note_ccp_link(session: Session, *, account_id: UUID, ccp_customer_id: str, ccp_user_id: str) -> None:
    """Note how the provider calls an account's tenant and user."""
    found = lock_account(session, account_id)
    if found is not None:
        found.ccp_customer_id, found.ccp_user_id = ccp_customer_id, ccp_user_id


def know_account(session: Session, *, account_id: UUID, version: int, facts: dict[str, Any]) -> None:
    """Take over what `accounts` says about an account; older facts than we know, and unknown accounts, are skipped.

    `facts` may hold name and status.
    """
    found = lock_account(session, account_id)
    if found is None or version < found.version:
        return
    found.name = facts.get("name") or found.name
    found.status = facts.get("status") or found.status
    found.version = version


def know_standing(
    session: Session, *, account_id: UUID, version: int, asks: bool, budget_left: Money | None,
    commitment_left: Money | None,
) -> None:  # fmt: skip
    """Take over what an account's limits leave, and whether what passes them is to be asked for; older is skipped."""
    found = lock_account(session, account_id)
    if found is None or version <= (found.stands_version or 0):
        return
    found.asks, found.stands_version = asks, version
    found.budget_left = None if budget_left is None else budget_left.minor
    found.commitment_left = None if commitment_left is None else commitment_left.minor


def know_customer(
    session: Session,
    *,
    customer_id: UUID,
    version: int,
    country: str,
    region: str,
    time_zone: str,
    price_book: str,
) -> None:
    """Take over what `customers` says about the customer of some accounts: where it buys, and at which prices."""
    newer = (AccountRef.customer_id == customer_id, AccountRef.customer_version < version)
    facts = {"country": country, "region": region, "time_zone": time_zone, "price_book": price_book}
    session.execute(update(AccountRef).where(*newer).values(customer_version=version, **facts))


def lock_account(session: Session, account_id: UUID) -> AccountRef | None:
    """An account's row, locked: whoever else orders for it waits until this transaction ends."""
    query = locked(select(AccountRef).where(AccountRef.id == account_id), AccountRef.__table__)
    return session.scalars(query).one_or_none()
