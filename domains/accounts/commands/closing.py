"""Closing an account: nothing may run in it any more; what was bought, charged and invoiced stays to be seen."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import N_, Conflict, NotFound, Refused
from domains.kernel.messages import publish

from ..events import AccountChanged
from ..models import Account, Reservation
from .accounts import facts_of, locked_account, note


def begin_closing(session: Session, *, account_id: UUID, customer_id: UUID, expected_version: int | None) -> None:
    """Let nothing more be ordered for an account, until it is closed or the closing comes to nothing.

    Refused while it is being opened, is closed already, or holds an amount for an order under way; a conflict in
    another version than the one expected. Doing it twice does it once.
    """
    account = _found(session, account_id, customer_id)
    if account.status == "closing":
        return
    check_closing(session, account, expected_version)
    account.status = "closing"
    _tell(session, account)
    note(session, "accounts.begin_closing", customer_id, account_id)


def check_closing(session: Session, account: Account, expected_version: int | None) -> None:
    """Refuse what cannot be closed now. The surfaces ask this before they start, so that it is said at the button."""
    if expected_version is not None and account.version != expected_version:
        raise Conflict("The account has been changed since you looked at it.", code="version_conflict")
    if account.status not in ("active", "suspended"):
        raise Refused("This account is %(status)s already.", code="account_not_open", status=account.status)
    held = select(func.count()).where(Reservation.account_id == account.id, Reservation.state == "held")
    if session.scalar(held):
        text = N_("An order or change is under way for this account. Wait until it has ended, then close it.")
        raise Refused(text, code="account_busy")


def keep_open(session: Session, *, account_id: UUID) -> None:
    """Open an account again whose closing came to nothing; if it is not closing, fine."""
    account = locked_account(session, account_id)
    if account is not None and account.status == "closing":
        account.status = "active"
        _tell(session, account)
        note(session, "accounts.keep_open", account.customer_id, account_id)


def close_account(session: Session, *, account_id: UUID) -> None:
    """Close an account for good; its name is free again. Doing it twice does it once."""
    account = locked_account(session, account_id)
    if account is None or account.status == "closed":
        return
    account.status, account.name_key = "closed", str(account.id)
    account.closed_at = clock.business_now(session)
    _tell(session, account)
    note(session, "accounts.close", account.customer_id, account_id)


def _found(session: Session, account_id: UUID, customer_id: UUID) -> Account:
    account = locked_account(session, account_id)
    if account is None or account.customer_id != customer_id:
        raise NotFound("There is no such account.", code="account_not_found", field="account_id")
    return account


def _tell(session: Session, account: Account) -> None:
    account.version += 1
    publish(session, AccountChanged(**facts_of(account)))
