"""Guessing is slow: for an address, for a person's second factor, and from a place; never so slow that it locks out.

Whoever guesses at an address from elsewhere does not keep its owner out: a place where that person has signed in
before has a count of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domains.kernel.crypto import digest
from domains.kernel.database import insert_new, locked
from domains.kernel.places import place_of

from ..models import Login, Throttle, User, email_key

FREE_TRIES = 5
FREE_TRIES_AT_A_PLACE = 30  # a whole office may come from one place, and some of its people mistype
LONGEST_BLOCK = timedelta(minutes=15)
FAILURES_COUNT = timedelta(hours=1)  # since the last one
PLACES_KNOWN = 100  # of a person's newest logins


class Limit(NamedTuple):
    """What is counted, and how many failures of it cost nothing."""

    key: str
    free: int


def of_sign_in(session: Session, user: User | None, email: str, ip: str) -> tuple[Limit, Limit]:
    """What a try with a password counts for: the address (at a place known from it: there alone), and the place."""
    place = place_of(ip)
    where = (place,) if user is not None and place in _places(session, user.id) else ()
    address = Limit(digest("email", email_key(email), *where), FREE_TRIES)
    return address, *of_place(ip)


def of_place(ip: str) -> tuple[Limit]:
    """What a try without a name counts for."""
    return (Limit(digest("ip", place_of(ip)), FREE_TRIES_AT_A_PLACE),)


def of_person(user_id: UUID, by: UUID | None = None) -> tuple[Limit]:
    """What a try to prove who one is counts for, once the password was right.

    Tries of logins that a customer's provider (`by`) made count by themselves: whoever runs it makes as many as they
    like, and must shut nobody out elsewhere.
    """
    return (Limit(digest("factor", str(user_id), *((str(by),) if by is not None else ())), FREE_TRIES),)


def _places(session: Session, user_id: UUID) -> set[str]:
    """Where a person has finished signing in before, by means of their own: a provider may say that anywhere."""
    seen = select(Login.ip).where(
        Login.user_id == user_id, Login.proved_at.is_not(None), Login.sign_on_id.is_(None)
    )  # fmt: skip
    return {place_of(ip) for ip in session.scalars(seen.order_by(Login.id.desc()).limit(PLACES_KNOWN))}


def wait(session: Session, limits: tuple[Limit, ...], now: datetime) -> int:
    """Seconds until the next try is looked at; 0 when that is now.

    Tries of the same address, person or place are looked at one after the other: each holds its counts until its end,
    so that many at one moment are no more than as many in a row.
    """
    return max([_blocked_for(_held(session, limit, now), now) for limit in limits])


def _held(session: Session, limit: Limit, now: datetime) -> Throttle:
    query = locked(select(Throttle).where(Throttle.key == limit.key), Throttle)
    while True:
        insert_new(session, Throttle.__table__, {"key": limit.key, "failures": 0, "last_at": now}, "key")
        found: Throttle | None = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if found is not None:  # else it was idle, and was swept away between these two
            return found


def _blocked_for(throttle: Throttle, now: datetime) -> int:
    until = throttle.blocked_until
    return int((until - now).total_seconds()) + 1 if until is not None and until > now else 0


def note_failures(session: Session, limits: tuple[Limit, ...], now: datetime) -> None:
    """Count a failure: after the free ones the wait doubles with each, up to a quarter of an hour."""
    for limit in limits:
        _note_failure(session, limit, now)


def _note_failure(session: Session, limit: Limit, now: datetime) -> None:
    throttle = _held(session, limit, now)
    if now - throttle.last_at > FAILURES_COUNT:
        throttle.failures = 0
    throttle.failures += 1
    throttle.last_at = now
    if throttle.failures >= limit.free:
        doubled = min(throttle.failures - limit.free + 1, 10)
        throttle.blocked_until = now + min(LONGEST_BLOCK, timedelta(seconds=2**doubled))


def forget(session: Session, limit: Limit) -> None:
    """Count anew: it was they. The count stays, because whoever tries at the same moment waits for it."""
    session.execute(update(Throttle).where(Throttle.key == limit.key).values(failures=0, blocked_until=None))
