"""A login is finished, or proved anew, by a password, a code or a passkey. Each time its token becomes another.

What is wrong counts, so these give a Denied instead of raising: a count must be kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest, token
from domains.kernel.database import locked
from domains.kernel.errors import Refused

from ..models import Login, User
from . import throttles
from .factors import confirm_app, take_code, take_recovery_code
from .live import end_login, home_of
from .logins import LOGIN_LASTS, TRIES, Denied, SignedIn, may_come, new_login, note_sign_in
from .passkeys import add_passkey, owner_of_passkey
from .passwords import verified
from .requirement import HALF_LASTS, hold_to_rules, settle, state_of
from .telling import tell_of_change
from .trail import note_by


def prove_by_password(session: Session, *, login_id: UUID, password: str) -> SignedIn | Denied:
    """Prove anew with the password that it is the same person; only for a login that is active."""
    login, user = held(session, login_id)
    if login is None or user is None or login.state != "active":
        return Denied("login_ended")
    now = clock.now(session)
    if no := _must_wait(session, login, user, now):
        return no
    if not verified(user.password_hash, password):
        return failed(session, login, user, now, "users.confirm_failed")
    return finished(session, login, user, "pwd", now)


def prove_by_code(session: Session, *, login_id: UUID, code: str) -> SignedIn | Denied:
    """Finish a login, or prove anew, by a code of the app or a recovery code, each of which is good once."""
    login, user = held(session, login_id)
    if login is None or user is None or login.state == "enrol":
        return Denied("login_ended")
    now = clock.now(session)
    if no := _must_wait(session, login, user, now):
        return no
    found = take_code(session, user, code, now)
    if found == "right":
        return finished(session, login, user, "otp", now)
    if found == "wrong" and take_recovery_code(session, user, code):
        return finished(session, login, user, "recovery", now)
    action = "users.code_replayed" if found == "replayed" else "users.second_factor_failed"
    return failed(session, login, user, now, action)


def prove_by_passkey(session: Session, *, login_id: UUID, credential: str) -> SignedIn | Denied:
    """Finish a login, or prove anew, by one of the person's passkeys."""
    login, user = held(session, login_id)
    if login is None or user is None or login.state == "enrol":
        return Denied("login_ended")
    now = clock.now(session)
    if no := _must_wait(session, login, user, now):
        return no
    if owner_of_passkey(session, credential=credential, user_id=user.id) is None:
        return failed(session, login, user, now, "users.second_factor_failed")
    return finished(session, login, user, "passkey", now)


def enrol_app(session: Session, *, login_id: UUID, code: str) -> SignedIn | Denied:
    """Finish a login, or strengthen one that is active, by the first code of a new authenticator app."""
    known: dict[str, Any] = {"login_id": login_id, "code": code}
    return _enrolled(session, login_id, "otp", lambda user: confirm_app(session, user_id=user.id, **known))


def enrol_passkey(session: Session, *, login_id: UUID, credential: str, name: str) -> SignedIn | Denied:
    """Finish a login, or strengthen one that is active, by a new passkey."""
    known = {"credential": credential, "name": name}
    return _enrolled(session, login_id, "passkey", lambda user: add_passkey(session, user_id=user.id, **known))


def _enrolled(session: Session, login_id: UUID, by: str, add: Callable[[User], object]) -> SignedIn | Denied:
    login, user = held(session, login_id)
    if login is None or user is None or login.state == "second_factor":
        return Denied("login_ended")
    if login.sign_on_id is not None:  # whoever runs a provider could be anybody there: they get no key to the account
        return Denied("own_means_wanted")
    now = clock.now(session)
    if no := _must_wait(session, login, user, now):
        return no
    try:
        add(user)
    except Refused as wrong:
        return replace(failed(session, login, user, now, "users.enrol_failed"), code=wrong.code)
    session.flush()  # what a login must be proved by depends on it
    made = finished(session, login, user, by, now)
    hold_to_rules(session, [user.id])  # a password alone is too little now, also where it was enough before
    tell_of_change(session, user_id=user.id, template="factors_changed")
    return made


def sign_in_by_passkey(session: Session, *, credential: str, ip: str, user_agent: str) -> SignedIn | Denied:
    """Let a person in by a passkey alone: something they have, unlocked by something they know or are."""
    now, place = clock.now(session), throttles.of_place(ip)
    if seconds := throttles.wait(session, place, now):
        return Denied("too_many_attempts", seconds)
    user = owner_of_passkey(session, credential=credential, user_id=None)
    home = home_of(session, user.id) if user is not None else None
    if user is None or home is None or not may_come(user):
        throttles.note_failures(session, place, now)
        return Denied("passkey_unknown")
    return new_login(session, user, home, now, ip, user_agent, ("passkey",))


def held(session: Session, login_id: UUID) -> tuple[Login | None, User | None]:
    """A login that has not ended, locked, and its person. It waits for what is missing as things stand now."""
    query = select(Login).where(Login.id == login_id, Login.revoked_at.is_(None))
    login = session.scalars(locked(query, Login)).one_or_none()
    user = session.get(User, login.user_id) if login is not None else None
    late = login is not None and login.expires_at <= clock.now(session)
    if login is None or late or user is None or not may_come(user):
        return None, None
    settle(session, login)
    return login, user


def _must_wait(session: Session, login: Login, user: User, now: datetime) -> Denied | None:
    seconds = throttles.wait(session, throttles.of_person(user.id, login.sign_on_id), now)
    return Denied("too_many_attempts", seconds) if seconds else None


def failed(session: Session, login: Login, user: User, now: datetime, action: str) -> Denied:
    """Count a failure for the person and for this login; a half login ends after a few."""
    throttles.note_failures(session, throttles.of_person(user.id, login.sign_on_id), now)
    login.failures += 1
    note_by(session, user, action, login.customer_id, login.id)
    if login.state != "active" and login.failures >= TRIES:
        end_login(session, login, "users.end_login")
        return Denied("login_ended")
    return Denied("proof_wrong")


def finished(session: Session, login: Login, user: User, by: str, now: datetime) -> SignedIn:
    """Let a login go on that has been proved by one thing more, under a new token; the old one is dead."""
    amr = [*(one for one in login.amr or ["pwd"] if one != by), by]
    began = login.state != "active"
    made = SignedIn(token(), login.id, user.id, state_of(session, user.id, amr))
    login.token_hash, login.amr, login.state = digest(made.token), amr, made.state
    login.failures, login.epoch = 0, login.epoch + 1
    throttles.forget(session, throttles.of_person(user.id, login.sign_on_id)[0])
    if made.state != "active":
        login.expires_at = now + HALF_LASTS
        return made
    login.proved_at = now
    if began:
        login.expires_at = login.created_at + LOGIN_LASTS  # also when it was held back in between
        login.customer_id = login.customer_id if login.customer_id != user.id else home_of(session, user.id) or user.id
        note_sign_in(session, user, login.customer_id, login.id, tuple(amr), login.ip)
    else:
        note_by(session, user, "users.confirm", login.customer_id, login.id, after={"by": by})
    return made
