"""Logins: made by the right password, slow to guess, ended everywhere at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from uuid import UUID

from argon2.exceptions import VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest, token
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.tenancy import Scope

from .. import queries
from ..models import (
    Login,
    Membership,
    Throttle,
    User,
    email_key,
)
from .people import end_login, hasher
from .trail import note, note_by

LOGIN_LASTS = timedelta(hours=20)
IDLE_LASTS = timedelta(hours=8)
FREE_TRIES = 5
FREE_TRIES_AT_A_PLACE = 30  # a whole office may come from one place, and some of its people mistype
LONGEST_BLOCK = timedelta(minutes=15)
FAILURES_COUNT = timedelta(hours=1)  # since the last one


@dataclass(frozen=True)
class SignedIn:
    """A login that was made: the token goes into the browser's cookie and is kept nowhere else."""

    token: str
    login_id: UUID
    user_id: UUID


@dataclass(frozen=True)
class Denied:
    """A try to sign in that failed; the same words whether the address, the password or the patience was wrong."""

    code: str
    retry_after: int = 0


@cache
def _nobody() -> str:
    return hasher.hash(token())


def sign_in(session: Session, *, email: str, password: str, ip: str, user_agent: str) -> SignedIn | Denied:
    """Let a person in who gives the right password. Takes as long for an address that nobody has.

    After a few failures an address, and a place, must wait: each time twice as long, never for good.
    """
    now, keys = clock.now(session), (digest("email", email_key(email)), digest("ip", place_of(ip)))
    waits = [_blocked_for(session, key, now) for key in keys]
    if max(waits) > 0:
        return Denied("too_many_attempts", max(waits))
    user = session.scalars(select(User).where(User.email_key == email_key(email))).one_or_none()
    home = _home(session, user) if user is not None else None
    right = _verified(user.password_hash if user and user.password_hash else _nobody(), password)
    if user is None or user.status != "active" or home is None or not right:
        for key, free in zip(keys, (FREE_TRIES, FREE_TRIES_AT_A_PLACE), strict=True):
            _note_failure(session, key, free, now)
        if user is not None and home is not None:
            note_by(session, user, "users.sign_in_failed", home, user.id)
        return Denied("sign_in_failed")
    session.execute(delete(Throttle).where(Throttle.key == keys[0]))
    if user.password_hash and hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(password)
    return _new_login(session, user, home, now, ip, user_agent)


def _home(session: Session, user: User) -> UUID | None:
    """The customer a person works for first; their own id when they are invited only; None when shut out of all."""
    members = session.scalars(select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)).all()
    active = next((member.customer_id for member in members if member.state == "active"), None)
    return active or (user.id if any(member.state == "invited" for member in members) else None)


def _verified(hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except VerificationError:
        return False


def _new_login(session: Session, user: User, home: UUID, now: datetime, ip: str, user_agent: str) -> SignedIn:
    made = SignedIn(token(), new_id(), user.id)
    session.add(
        Login(
            id=made.login_id, token_hash=digest(made.token), user_id=user.id, customer_id=home, epoch=1,
            created_at=now, last_seen_at=now, expires_at=now + LOGIN_LASTS, ip=ip[:64], user_agent=user_agent[:300],
        )
    )  # fmt: skip
    note_by(session, user, "users.sign_in", home, made.login_id)
    return made


def _blocked_for(session: Session, key: str, now: datetime) -> int:
    throttle = session.get(Throttle, key)
    if throttle is None or throttle.blocked_until is None:
        return 0
    return max(0, int((throttle.blocked_until - now).total_seconds()) + 1) if throttle.blocked_until > now else 0


def place_of(ip: str) -> str:
    """What tells one place from another: of IPv6, where each has more addresses than can be counted, its network."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, IPv4Address):
        return ip
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))


def _note_failure(session: Session, key: str, free: int, now: datetime) -> None:
    insert_new(session, Throttle.__table__, {"key": key, "failures": 0, "last_at": now}, "key")
    throttle = session.scalars(locked(select(Throttle).where(Throttle.key == key), Throttle)).one_or_none()
    if throttle is None:  # the right password came in at the same moment
        return
    if now - throttle.last_at > FAILURES_COUNT:
        throttle.failures = 0
    throttle.failures += 1
    throttle.last_at = now
    if throttle.failures >= free:
        doubled = min(throttle.failures - free + 1, 10)
        throttle.blocked_until = now + min(LONGEST_BLOCK, timedelta(seconds=2**doubled))


def sign_out(session: Session, *, login_id: UUID) -> None:
    """End a login, everywhere and at once. One that has ended already stays ended."""
    login = session.scalars(locked(select(Login).where(Login.id == login_id), Login)).one_or_none()
    if login is not None:
        end_login(session, login)


def forget_ended_logins(session: Session, *, before: datetime, most: int = 500) -> int:
    """Delete logins that ended before a time and counts of failures that count no longer; gives how many.

    When it is fewer than `most`, there are no more.
    """
    ended = select(Login.id).where(Login.expires_at < before).order_by(Login.id)
    idle = Throttle.last_at < clock.now(session) - max(FAILURES_COUNT, LONGEST_BLOCK)
    logins = list(session.scalars(ended.limit(most)))
    throttles = list(session.scalars(select(Throttle.key).where(idle).order_by(Throttle.key).limit(most)))
    session.execute(delete(Login).where(Login.id.in_(logins)))
    session.execute(delete(Throttle).where(Throttle.key.in_(throttles), idle))
    return len(logins) + len(throttles)


def act_for(session: Session, *, scope: Scope, login_id: UUID, customer_id: UUID | None) -> None:
    """Let a login act for one of the organisations its owner manages (None: for its own again).

    `scope` is that of the person's own membership; an organisation outside it is NotFound.
    """
    login = session.scalars(locked(select(Login).where(Login.id == login_id), Login)).one()
    if customer_id is not None:
        queries.organisation(session, scope, customer_id)
    login.acting_for = None if customer_id == login.customer_id else customer_id
    login.epoch += 1
    note(session, "users.act_for", customer_id or login.customer_id, ("login", login_id))
