"""Logins: made by the right password, finished by a second factor where one is due, ended everywhere at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.crypto import digest, token
from domains.kernel.database import locked, new_id
from domains.kernel.tenancy import Scope

from .. import queries
from ..models import Login, OneTime, Throttle, User, email_key
from ..oidc.domains import domain_of
from . import throttles
from .live import end_login, home_of, is_forced_for
from .passwords import hashed, hasher, verified
from .requirement import HALF_LASTS, state_of
from .support_access import use_access
from .trail import note, note_by

LOGIN_LASTS = timedelta(hours=20)
TRIES = 5  # wrong second factors until a half login ends


@dataclass(frozen=True)
class SignedIn:
    """A login that was made or went on: the token goes into the browser's cookie and is kept nowhere else."""

    token: str
    login_id: UUID
    user_id: UUID
    state: str = "active"


@dataclass(frozen=True)
class Denied:
    """A try that failed; the same words whether the address, the password or the patience was wrong."""

    code: str
    retry_after: int = 0


@dataclass(frozen=True)
class ByProvider:
    """Whose provider has proved who somebody is, and when it last asked them; None when it does not say."""

    customer_id: UUID
    proved_at: datetime | None


def sign_in(session: Session, *, email: str, password: str, ip: str, user_agent: str) -> SignedIn | Denied:
    """Let a person in who gives the right password. Takes as long for an address that nobody has.

    After a few failures an address, and a place, must wait: each time twice as long, never for good.
    """
    now = clock.now(session)
    user = session.scalars(select(User).where(User.email_key == email_key(email))).one_or_none()
    limits = throttles.of_sign_in(session, user, email, ip)
    if seconds := throttles.wait(session, limits, now):
        return Denied("too_many_attempts", seconds)
    home = home_of(session, user.id) if user is not None else None
    right = verified(user.password_hash if user is not None else None, password)
    if user is None or home is None or not right or not may_come(user):
        throttles.note_failures(session, limits, now)
        if user is not None and home is not None:
            note_by(session, user, "users.sign_in_failed", home, user.id, after={"place": ip[:64]})
        return Denied("sign_on_forced" if is_forced_for(session, domain_of(email)) else "sign_in_failed")
    throttles.forget(session, limits[0])
    if user.password_hash and hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hashed(password)
    return new_login(session, user, home, now, ip, user_agent)


def may_come(user: User) -> bool:
    """Whether a person may sign in at all; production lets nobody of a demo in (their addresses reach nobody)."""
    return user.status == "active" and not (config.current().is_production and user.email_key.endswith(".example"))


def new_login(
    session: Session, user: User, home: UUID, now: datetime, ip: str, user_agent: str, amr: tuple[str, ...] = ("pwd",),
    *, by: ByProvider | None = None,
) -> SignedIn:  # fmt: skip
    """Make a login that was proved by `amr`. It is active, or good only for giving or enrolling a second factor.

    One that a customer's provider has proved is good at that customer only, and as fresh as what it was proved by.
    """
    state = state_of(session, user.id, amr)
    made = SignedIn(token(), new_id(), user.id, state)
    whole = state == "active"
    proved_at = now if by is None else by.proved_at
    session.add(
        Login(
            id=made.login_id, token_hash=digest(made.token), user_id=user.id, customer_id=home, epoch=1, state=state,
            amr=list(amr), proved_at=proved_at if whole else None, failures=0, created_at=now, last_seen_at=now,
            expires_at=now + (LOGIN_LASTS if whole else HALF_LASTS), ip=ip[:64], user_agent=user_agent[:300],
            sign_on_id=by.customer_id if by is not None else None,
        )
    )  # fmt: skip
    if whole:
        note_sign_in(session, user, home, made.login_id, amr, ip)
    return made


def note_sign_in(session: Session, user: User, home: UUID, login_id: UUID, amr: tuple[str, ...], ip: str) -> None:
    """Append that a person has come in, by what and from where."""
    note_by(session, user, "users.sign_in", home, login_id, after={"by": list(amr), "place": ip[:64]})


def sign_out(session: Session, *, login_id: UUID) -> None:
    """End a login, everywhere and at once. One that has ended already stays ended."""
    login = session.scalars(locked(select(Login).where(Login.id == login_id), Login)).one_or_none()
    if login is not None:
        end_login(session, login)


def forget_ended_logins(session: Session, *, before: datetime, most: int = 500) -> int:
    """Delete logins that ended before a time, and counts of failures, links and challenges that are good no longer.

    Gives how many; when it is fewer than `most`, there are no more.
    """
    now = clock.now(session)
    ended = select(Login.id).where(Login.expires_at < before).order_by(Login.id)
    idle = Throttle.last_at < now - max(throttles.FAILURES_COUNT, throttles.LONGEST_BLOCK)
    logins = list(session.scalars(ended.limit(most)))
    counts = list(session.scalars(select(Throttle.key).where(idle).order_by(Throttle.key).limit(most)))
    late = select(OneTime.key).where(OneTime.expires_at < now).order_by(OneTime.key)
    links = list(session.scalars(late.limit(most)))
    session.execute(delete(Login).where(Login.id.in_(logins)))
    session.execute(delete(Throttle).where(Throttle.key.in_(counts), idle))
    session.execute(delete(OneTime).where(OneTime.key.in_(links)))
    return len(logins) + len(counts) + len(links)


def act_for(session: Session, *, scope: Scope, login_id: UUID, customer_id: UUID | None) -> None:
    """Let a login act for one of the organisations its owner manages (None: for its own again).

    `scope` is that of the person's own membership; an organisation outside it is NotFound. The operator's staff need
    that customer's support access, and are refused without one.
    """
    login = session.scalars(locked(select(Login).where(Login.id == login_id), Login)).one()
    grant = None
    if customer_id is not None:
        queries.organisation(session, scope, customer_id)
        if scope.kind == "operator" and customer_id != login.customer_id:
            grant = use_access(session, customer_id=customer_id, user_id=login.user_id)
    login.acting_for = None if customer_id == login.customer_id else customer_id
    login.grant_id = grant.id if grant is not None else None
    login.epoch += 1
    note(session, "users.act_for", customer_id or login.customer_id, ("login", login_id))
