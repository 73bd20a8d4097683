"""Letters about approvals and quotes: to those who may say yes, and to whoever asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from domains.kernel.money import Money

from ..events import Recipient
from ..models import Membership, Organisation, User, email_key
from ..policy import ROLE_SCOPES
from .telling import write

APPROVING = sorted(role for role, scopes in ROLE_SCOPES.items() if "approvals:write" in scopes)
STATES = ("approved", "rejected", "expired")  # a request that was withdrawn is news to nobody


def ask_approvers(
    session: Session, *, approval_id: UUID, customer_id: UUID, reseller_id: UUID | None, label: str,
    account_name: str, amount: Money, requested_by: str, until: datetime, to: str | None, user_id: UUID | None,
) -> None:  # fmt: skip
    """Write to a customer's owners that somebody asks for an approval; where it has none, to its reseller's.

    With `to`, an e-mail address, only to that colleague; to a stranger's address nothing is written.
    """
    facts = {
        "label": label, "account": account_name, "amount": f"{amount.currency} {amount.amount}", "who": requested_by,
        "until": f"{until:%Y-%m-%d %H:%M} UTC", "approval_id": str(approval_id),
    }  # fmt: skip
    people = _people(session, customer_id, to) or (_people(session, reseller_id, to) if reseller_id else [])
    place = session.get(Organisation, customer_id)
    for person in people:
        if person.id != user_id:
            write(session, place, _recipient(person), "approval_requested", facts)


def tell_decision(
    session: Session, *, approval_id: UUID, customer_id: UUID, label: str, account_name: str, state: str,
    decided_by: str, reason: str, user_id: UUID | None,
) -> None:  # fmt: skip
    """Write to whoever asked for an approval what became of it. Programs get no letters."""
    person = session.get(User, user_id) if user_id is not None else None
    if person is None or person.status == "disabled" or state not in STATES:
        return
    facts = {"label": label, "account": account_name, "who": decided_by, "reason": reason or "–"}
    facts["approval_id"] = str(approval_id)
    write(session, session.get(Organisation, customer_id), _recipient(person), f"approval_{state}", facts)


def tell_of_quote(
    session: Session, *, quote_id: UUID, customer_id: UUID, number: str, account_name: str, amount: Money,
    made_by: str, until: datetime, user_id: UUID | None,
) -> None:  # fmt: skip
    """Write to a customer's owners that a quote waits for them."""
    facts = {
        "number": number, "account": account_name, "amount": f"{amount.currency} {amount.amount}", "who": made_by,
        "until": f"{until:%Y-%m-%d %H:%M} UTC", "quote_id": str(quote_id),
    }  # fmt: skip
    place = session.get(Organisation, customer_id)
    for person in _people(session, customer_id, None):
        if person.id != user_id:
            write(session, place, _recipient(person), "quote_sent", facts)


def _people(session: Session, customer_id: UUID, to: str | None) -> list[User]:
    query: Select[Any] = select(User).join(Membership, Membership.user_id == User.id)
    query = query.where(Membership.customer_id == customer_id, Membership.state == "active", User.status != "disabled")
    if to is not None:
        query = query.where(User.email_key == email_key(to), Membership.role.in_(APPROVING))
    else:
        query = query.where(Membership.role == "owner")
    return list(session.scalars(query.order_by(User.id)))


def _recipient(person: User) -> Recipient:
    return Recipient(person.id, person.name, person.email, person.language)
