"""Who needs a second factor, and what a login may do until it has been given."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import config

from ..models import Login, Membership, Organisation, Passkey, Totp
from .live import live_logins

STRONG = frozenset({"otp", "recovery", "passkey", "sso"})  # a provider that signs people on asks for what it asks for


def needs_second_factor(session: Session, user_id: UUID) -> bool:
    """Whether a password alone must not let a person in: all of the operator's, and where their customer wants it so,
    or the installation."""
    if config.current().second_factor_required:
        return True
    places = select(Organisation.kind, Organisation.second_factor).join(
        Membership, Membership.customer_id == Organisation.customer_id
    )
    at_work = places.where(Membership.user_id == user_id, Membership.state == "active")
    return any(kind == "operator" or wanted == "required" for kind, wanted in session.execute(at_work).all())


def has_factor(session: Session, user_id: UUID) -> bool:
    """Whether a person has a second factor to be asked for."""
    app = session.get(Totp, user_id)
    if app is not None and app.confirmed_at is not None:
        return True
    key = select(Passkey.id).where(Passkey.user_id == user_id).order_by(Passkey.id).limit(1)
    return session.scalars(key).first() is not None


def state_of(session: Session, user_id: UUID, amr: Iterable[str]) -> str:
    """What becomes of a login that was proved by `amr`: active; second_factor or enrol while something is missing."""
    if not STRONG.isdisjoint(amr):
        return "active"
    if has_factor(session, user_id):
        return "second_factor"
    return "enrol" if needs_second_factor(session, user_id) else "active"


def hold_to_rules(session: Session, user_ids: Iterable[UUID]) -> None:
    """Hold back the logins of people for whom a password alone is no longer enough, until they have given more."""
    for user_id in user_ids:
        for login in live_logins(session, user_id):
            _hold_back(session, login)


def _hold_back(session: Session, login: Login) -> None:
    state = state_of(session, login.user_id, login.amr or ["pwd"])
    if login.state == "active" and state != "active":
        login.state = state
        login.epoch += 1
