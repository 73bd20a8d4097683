"""Who of a customer is told of something: whose matter it is, its owners, or who looks after the account."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from domains.kernel.errors import NotFound

from ..events import Recipient
from ..models import Membership, Organisation, User, email_key
from ..policy import STAFF

MOST = 20  # people at a desk


@dataclass(frozen=True)
class Audience:
    """To whom something is said: `owner` is whose matter it is, `owners` the customer's besides, `desk` who looks after
    the account besides: the reseller's owners and buyers, or the operator's agents."""

    audience: str
    owner_id: UUID | None


@dataclass(frozen=True)
class Recipients:
    """Who is told, each once."""

    recipients: tuple[Recipient, ...]


@dataclass(frozen=True)
class Found:
    """A person of a customer or of its reseller; None: nobody was named."""

    member: Recipient | None


def find_member(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, user_id: UUID | None, email: str | None
) -> Found:
    """The person who is named by id or by e-mail address. Refuses one who works for neither."""
    if user_id is None and email is None:
        return Found(None)
    query = _working_for(customer_id, reseller_id)
    query = (
        query.where(User.id == user_id)
        if user_id is not None
        else query.where(User.email_key == email_key(email or ""))
    )
    one = session.scalars(query.limit(1)).first()
    if one is None:
        raise NotFound("Nobody of this name works for this customer.", code="user_not_found", field="owner")
    return Found(Recipient(one.id, one.name, one.email, one.language))


def _working_for(*customer_ids: UUID | None) -> Select[User]:
    query = select(User).join(Membership, Membership.user_id == User.id)
    theirs = Membership.customer_id.in_([one for one in customer_ids if one is not None])
    return query.where(theirs, Membership.state == "active", User.status != "disabled").order_by(User.id)


def find_audience(
    session: Session, *, customer_id: UUID, reseller_id: UUID | None, whom: Audience | None
) -> Recipients:
    """The people who are told. Where whoever it was up to no longer works there, the customer's owners are."""
    if whom is None:
        return Recipients(())
    query = _working_for(customer_id, reseller_id).where(User.id == whom.owner_id)
    found = list(session.scalars(query.limit(1))) if whom.owner_id is not None else []
    if not found or whom.audience in ("owners", "desk"):
        found += _members(session, customer_id, ("owner",))
    if whom.audience == "desk":
        found += _desk(session, reseller_id)
    told = {one.id: Recipient(one.id, one.name, one.email, one.language) for one in found}
    return Recipients(tuple(told.values()))


def find_digest_readers(session: Session, *, customer_id: UUID) -> Recipients:
    """The owners of a customer who want to be told each morning of what stands open in the drift inbox."""
    found = [one for one in _members(session, customer_id, ("owner",)) if one.drift_mail == "daily"]
    return Recipients(tuple(Recipient(one.id, one.name, one.email, one.language) for one in found))


def _members(session: Session, customer_id: UUID, roles: tuple[str, ...]) -> list[User]:
    return list(session.scalars(_working_for(customer_id).where(Membership.role.in_(roles)).limit(MOST)))


def _desk(session: Session, reseller_id: UUID | None) -> list[User]:
    if reseller_id is not None:
        return _members(session, reseller_id, ("owner", "buyer"))
    operators = session.scalars(select(Organisation.customer_id).where(Organisation.kind == "operator"))
    return [person for one in operators.all() for person in _members(session, one, STAFF)]
