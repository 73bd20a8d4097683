"""An account is linked to its tenant and user at the provider.

Asking again finds what is there, so that silence does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.messages import Exchange, context

from ..commands import note_ccp_link
from ..models import CcpCustomer, CcpUser, Person
from ..providers import Customer, User, provider
from ..providers.desk import desk_of
from ..providers.readings import ccp_customer, ccp_user


@dataclass(frozen=True)
class CcpLink:
    """The tenant and the user that an account is linked to."""

    ccp_customer: CcpCustomer
    ccp_user: CcpUser


@dataclass(frozen=True)
class _Wanted:
    account_id: UUID
    name: str
    country: str
    region: str
    contact: Person


def _intend(session: Session, *, account_id: UUID, name: str, country: str, region: str, contact: Person) -> _Wanted:
    return _Wanted(account_id, name, country, region, contact)


def _call(wanted: _Wanted, asked_before: bool) -> tuple[Customer, User]:
    ours, contact = provider(), wanted.contact
    customer = ours.ensure_customer(
        wanted.account_id, name=wanted.name, country=wanted.country, region=wanted.region, email=contact.email
    )
    if ahead := context().origin.ahead:  # a sandbox's account lives in the sandbox's time from its first day
        desk_of(ours).set_clock(wanted.account_id, ahead)
    person = contact.user_id or wanted.account_id  # a contact without a login is known by its account
    return customer, ours.ensure_user(wanted.account_id, person, email=contact.email, display_name=contact.name)


def _record(session: Session, answer: tuple[Customer, User], *, account_id: UUID) -> CcpLink:
    customer, user = answer
    note_ccp_link(session, account_id=account_id, ccp_customer_id=customer.id, ccp_user_id=user.id)
    return CcpLink(ccp_customer(customer), ccp_user(user))


link_ccp_user = Exchange("services.link_ccp_user", _intend, _call, _record)
