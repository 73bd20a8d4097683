"""Passwords: kept as argon2id, refused when they are easy to guess, changed by who knows the old one."""

from __future__ import annotations

import re
from functools import cache
from threading import BoundedSemaphore
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from domains.kernel import config
from domains.kernel.crypto import token
from domains.kernel.errors import Invalid, NotFound

from ..models import Membership, Organisation, User
from . import breaches
from .invitations import accept_the_only_one
from .live import end_others
from .trail import note

# OWASP's floor for argon2id: 19 MiB, two passes, one lane.
hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
ROOM = 8  # so many at once take 150 MB of a process, however many sign in
LEAST, MOST = 8, 1024
PRODUCT = ("cloudsalessystem", "cloudsales")
_room = BoundedSemaphore(ROOM)


def hashed(password: str) -> str:
    """A password as it is kept."""
    with _room:
        return hasher.hash(password)


def verified(kept: str | None, password: str) -> bool:
    """Whether a password is the one that is kept. Takes as long where none is kept."""
    with _room:
        try:
            return hasher.verify(kept or _nobody(), password) and kept is not None
        except VerificationError:
            return False


@cache
def _nobody() -> str:
    return hasher.hash(token())


def check_password(session: Session, user: User, password: str, field: str = "password") -> None:
    """Refuse a password that is short, common, made of the person's or customer's name, or known to be stolen.

    Any characters in any mixture are fine (ASVS 6.2), and nothing is trimmed, cut or changed.
    """
    if len(password) < LEAST:
        raise Invalid("Use 8 characters or more; a few words make a good password.", field=field)
    if len(password) > MOST:
        raise Invalid("Use at most 1024 characters.", field=field)
    rest = plain = re.sub(r"[\W_]+", "", password.casefold())
    for word in sorted(context_words(session, user), key=len, reverse=True):
        rest = rest.replace(word, "")
    easy = rest != plain and len(rest) < LEAST
    if easy or not {password.casefold(), plain, rest}.isdisjoint(_common()):
        raise Invalid("This password is easy to guess: use another.", code="password_common", field=field)
    if breaches.holds(config.current().breached_passwords, password):
        raise Invalid("This password is on a list of stolen ones: use another.", code="password_breached", field=field)


def context_words(session: Session, user: User) -> set[str]:
    """What is tried first for this person: what we, they, their address and their customers are called."""
    where = Organisation.customer_id.in_(select(Membership.customer_id).where(Membership.user_id == user.id))
    names = [user.name, user.email_key.partition("@")[0], *session.scalars(select(Organisation.name).where(where))]
    words = {re.sub(r"[\W_]+", "", part) for name in names for part in name.casefold().split()}
    return {word for word in words if len(word) > 3} | set(PRODUCT)


@cache
def _common() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


def set_password(session: Session, *, user_id: UUID, password: str, action: str = "users.set_password") -> None:
    """Give a person a password and let it sign in. Refuses short, common and guessable ones (ASVS 6.2).

    Who chooses a first password follows the only invitation there is, and so accepts it; among several one chooses.
    Logins that the password before let in end.
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    take_password(session, user, password, action)
    end_others(session, user_id)


def take_password(session: Session, user: User, password: str, action: str, field: str = "password") -> None:
    """Keep a new password; logins go on."""
    check_password(session, user, password, field)
    user.password_hash = hashed(password)
    user.version += 1
    if user.status == "invited":
        user.status = "active"
        accept_the_only_one(session, user.id)
    members = select(Membership).where(Membership.user_id == user.id, Membership.state == "active")
    for member in session.scalars(members.order_by(Membership.id)):
        note(session, action, member.customer_id, ("user", user.id))
