"""Who works for a customer, and who somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import N_ as N_
from domains.kernel.errors import NotFound
from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from ..models import (
    Login,
    Membership,
    Organisation,
    Passkey,
    RecoveryCode,
    Totp,
    User,
)

IDLE_LASTS = timedelta(hours=8)  # of a login that nobody uses


@dataclass(frozen=True)
class Member:
    """A person as one customer may know them. Of somebody invited, that is what was typed to invite them.

    Whether somebody invited is known here already, and under which name, is nobody's business until they accept: so an
    invitation has an id of its own, which does not tell when the person came.
    """

    id: UUID
    customer_id: UUID
    name: str
    email: str
    role: str
    status: str  # invited, active, disabled: at this customer
    created_at: datetime
    version: int = 1
    expires_at: datetime | None = None  # of an invitation


def _known(user: User, member: Membership) -> Member:
    shown = (user.id, user.name, user.email)
    if member.state == "invited":
        shown = (member.id, member.invited_name or "", member.invited_email or "")
    id, name, email = shown
    since = member.created_at or user.created_at
    until = member.expires_at if member.state == "invited" else None
    return Member(id, member.customer_id, name, email, member.role, member.state, since, member.version, until)


def oneself(session: Session, user_id: UUID) -> User:
    """The person who is signed in, whatever they are a member of."""
    found = session.get(User, user_id)
    if found is None:
        raise NotFound("There is no such user.", code="user_not_found", field="user_id")
    return found


def own_memberships(session: Session, user_id: UUID) -> list[tuple[Membership, Organisation]]:
    """Where the person who is signed in works or is invited to, newest first."""
    here = (Membership.user_id == user_id, Membership.state.in_(("invited", "active")))
    query = select(Membership, Organisation).join(Organisation, Organisation.customer_id == Membership.customer_id)
    return [(member, place) for member, place in session.execute(query.where(*here).order_by(Membership.id.desc()))]


def list_users(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Member]:
    """Members of customers that the caller may see, newest first; those who are invited among them."""
    query = select(Membership).where(scope.covers(Membership))
    if customer_id is not None:
        query = query.where(Membership.customer_id == customer_id)
    if state is not None:
        query = query.where(Membership.state == state)
    filters = {"customer_id": customer_id} | ({"state": state} if state else {})
    found = page(session, query, Membership.id, cursor=cursor, limit=limit, filters=filters)
    ids = [one.user_id for one in found.items]
    people = {one.id: one for one in session.scalars(select(User).where(User.id.in_(ids)))}
    return Page([_known(people[one.user_id], one) for one in found.items], found.next_cursor)


def membership(session: Session, scope: Scope, user_id: UUID, customer_id: UUID | None = None) -> Membership:
    """What somebody is, or was, to a customer that the caller may see (None: to the newest of several)."""
    query = select(Membership).where(Membership.user_id == user_id, Membership.state.in_(("active", "disabled")))
    if customer_id is not None:
        query = query.where(Membership.customer_id == customer_id)
    newest = query.where(scope.covers(Membership)).order_by(Membership.id.desc()).limit(1)
    found: Membership | None = session.scalars(newest).first()
    if found is None:
        raise NotFound("There is no such user.", code="user_not_found", field="user_id")
    return found


def get_user(session: Session, scope: Scope, user_id: UUID, *, customer_id: UUID | None = None) -> Member:
    """A person who works, or worked, for a customer that the caller may see."""
    member = membership(session, scope, user_id, customer_id)
    return _known(session.get_one(User, user_id), member)


def get_invitation(session: Session, scope: Scope, invitation_id: UUID) -> Member:
    """Somebody who is invited to a customer that the caller may see, as they were typed."""
    query = select(Membership).where(Membership.id == invitation_id, Membership.state == "invited")
    found = session.scalars(query.where(scope.covers(Membership))).one_or_none()
    if found is None:
        raise NotFound("There is no such invitation.", code="invitation_not_found", field="invitation_id")
    return _known(session.get_one(User, found.user_id), found)


def logins_of(session: Session, scope: Scope, user_id: UUID, *, customer_id: UUID | None = None) -> list[Login]:
    """Where somebody is signed in at a customer that the caller may see, newest first."""
    member = membership(session, scope, user_id, customer_id)
    here = (Login.user_id == user_id, Login.customer_id == member.customer_id)
    return _live(session, *here)


def own_logins(session: Session, user_id: UUID) -> list[Login]:
    """Where the person who is signed in is signed in, newest first."""
    return _live(session, Login.user_id == user_id)


def _live(session: Session, *which: Any) -> list[Login]:
    now = clock.now(session)
    good = (Login.revoked_at.is_(None), Login.expires_at > now, Login.last_seen_at > now - IDLE_LASTS)
    return list(session.scalars(select(Login).where(*which, *good).order_by(Login.id.desc()).limit(200)))


@dataclass(frozen=True)
class Factors:
    """What a person can show besides a password, and how many ways back are left."""

    has_password: bool
    app: Totp | None
    passkeys: list[Passkey]
    recovery_codes: int


def own_factors(session: Session, user_id: UUID) -> Factors:
    """The second factors of the person who is signed in, or is about to be."""
    user, app = session.get_one(User, user_id), session.get(Totp, user_id)
    keys = list(session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)))
    unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    left = session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0
    confirmed = app if app is not None and app.confirmed_at is not None else None
    return Factors(user.password_hash is not None, confirmed, keys, left)


def has_demo_people(session: Session) -> bool:
    """Whether somebody has a password and an address that reaches nobody, as only the demo gives (RFC 2606)."""
    somebody = (User.password_hash.is_not(None), User.email_key.endswith(".example"))
    return session.scalars(select(User.id).where(*somebody).order_by(User.id).limit(1)).first() is not None
