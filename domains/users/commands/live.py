"""Logins that have not ended, and where a person works."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound

from ..models import Login, Membership
from .trail import note


def live_logins(session: Session, user_id: UUID) -> list[Login]:
    """The logins of a person that have not ended."""
    return list(session.scalars(select(Login).where(Login.user_id == user_id, Login.revoked_at.is_(None))))


def end_login(session: Session, login: Login, action: str = "users.sign_out") -> None:
    """End a login, everywhere and at once. One that has ended already stays ended."""
    if login.revoked_at is None:
        login.revoked_at = clock.now(session)
        login.epoch += 1
        note(session, action, login.customer_id, ("login", login.id))


def end_others(session: Session, user_id: UUID, but: UUID | None = None) -> list[UUID]:
    """End a person's logins except one; returns the ids of those that ended."""
    ended = [login for login in live_logins(session, user_id) if login.id != but]
    for login in ended:
        end_login(session, login, "users.end_login")
    return [login.id for login in ended]


def end_own(session: Session, *, user_id: UUID, this: UUID, login_id: UUID | None = None) -> list[UUID]:
    """End one of a person's logins, or all but `this`; returns the ids of those that ended. NotFound for another's."""
    if login_id is None:
        return end_others(session, user_id, but=this)
    found = [login for login in live_logins(session, user_id) if login.id == login_id]
    if not found:
        raise NotFound("There is no such login.", code="login_not_found", field="login")
    end_login(session, found[0], "users.end_login")
    return [login_id]


def home_of(session: Session, user_id: UUID) -> UUID | None:
    """The customer a person works for first; their own id when they are invited only; None when shut out of all."""
    here = (Membership.user_id == user_id, Membership.state.in_(("active", "invited")))
    good = or_(Membership.expires_at.is_(None), Membership.expires_at > clock.now(session))
    members = session.scalars(select(Membership).where(*here).where(or_(Membership.state == "active", good)))
    states = {member.customer_id: member.state for member in sorted(members, key=lambda one: one.id)}
    active = next((customer_id for customer_id, state in states.items() if state == "active"), None)
    return active or (user_id if states else None)
