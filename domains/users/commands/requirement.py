"""Who needs a second factor, and what a login may do until it has been given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock, config

from ..models import Login, Membership, Organisation, Passkey, Totp
from .live import live_logins

HALF_LASTS = timedelta(minutes=15)  # a login whose second factor is due
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
    """Hold back the logins of people for whom what these were proved by is no longer enough, until they give more."""
    session.flush()  # what has just changed is read below
    for user_id in user_ids:
        for login in live_logins(session, user_id):
            hold_back(session, login)


def hold_back(session: Session, login: Login) -> None:
    """Hold back a login that is proved by too little. It is a half one then, and ends as soon as one."""
    state = state_of(session, login.user_id, login.amr or ["pwd"])
    if login.state == "active" and state != "active":
        login.state = state
        login.expires_at = min(login.expires_at, clock.now(session) + HALF_LASTS)
        login.epoch += 1
    settle(session, login)


def settle(session: Session, login: Login) -> None:
    """Have a login that waits for a first factor wait for that factor, as soon as its owner has one: whoever is half in
    by the password alone must not add another."""
    if login.state == "enrol" and has_factor(session, login.user_id):
        login.state = "second_factor"
        login.epoch += 1
