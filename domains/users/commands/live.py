"""Logins that have not ended, and where a person works."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import N_, NotFound, Refused

from ..models import Login, Membership, SignOn, SignOnDomain
from .trail import note

BREAK_GLASS = ("owner", "administrator")  # who may always come in by their own means


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
    members = list(session.scalars(select(Membership).where(*here).where(or_(Membership.state == "active", good))))
    states = {member.customer_id: member.state for member in sorted(members, key=lambda one: one.id)}
    closed = forced_among(session, [member.customer_id for member in members if member.role not in BREAK_GLASS])
    open_ones = {customer_id: state for customer_id, state in states.items() if customer_id not in closed}
    active = next((customer_id for customer_id, state in open_ones.items() if state == "active"), None)
    return active or (user_id if "invited" in states.values() else None)


def forced_among(session: Session, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of the customers whose members come in through their own provider only."""
    if not customer_ids:
        return set()
    return set(session.scalars(select(SignOn.customer_id).where(SignOn.forced, SignOn.customer_id.in_(customer_ids))))


def may_work(session: Session, login: Login, member: Membership) -> bool:
    """Whether a login may be used at a customer: one that a provider made at its own, others where none is forced.

    Owners keep their own means, so that a provider that is away, or set up wrongly, shuts nobody out for good.
    """
    if login.sign_on_id is not None:
        return login.sign_on_id == member.customer_id
    return member.role in BREAK_GLASS or not forced_among(session, [member.customer_id])


def check_own_means(session: Session, login_id: UUID | None, customer_id: UUID) -> None:
    """Refuse what is of another customer than the one whose provider made a login: who runs it could be anybody."""
    login = session.get(Login, login_id) if login_id is not None else None
    if login is not None and login.sign_on_id not in (None, customer_id):
        text = N_("You came in through your organisation. Sign in with your own password to change this.")
        raise Refused(text, code="own_means_wanted")


def is_forced_for(session: Session, domain: str) -> bool:
    """Whether people of an e-mail domain come in through their customer's provider only: of the domain, not of them."""
    query = select(SignOn.customer_id).join(SignOnDomain, SignOnDomain.customer_id == SignOn.customer_id)
    own = query.where(SignOn.forced, SignOnDomain.name == domain, SignOnDomain.verified_at.is_not(None))
    return bool(domain) and session.scalars(own).first() is not None


def roles_at(session: Session, customer_id: UUID) -> dict[UUID, str]:
    """Who works for a customer, and as what."""
    query = select(Membership).where(Membership.customer_id == customer_id, Membership.state == "active")
    return {member.user_id: member.role for member in session.scalars(query)}
