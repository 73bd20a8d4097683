"""Coming in, step by step: what a person gives is looked at, and failures count although the answer is a no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.errors import Refused, Said

from .. import commands, queries
from ..models import Login, User, db
from .epochs import forget_epoch

Outcome = commands.SignedIn | commands.Denied
WORDS = {
    "too_many_attempts": Said("Too many tries. Wait a little, then try again."),
    "sign_in_failed": Said("Check your e-mail address and password"),
    "sign_on_forced": Said("Your organisation wants you to come in by its single sign-on. Use the button below."),
    "sign_on_gone": Said("This single sign-on is not set up any more. Ask whoever looks after it."),
    "not_invited": Said("You were recognised, but nobody here has invited you. Ask the owner of your organisation."),
    "letter_first": Said("You are invited, but were never here. Follow the link in your invitation letter first."),
    "own_means_wanted": Said("You came in through your organisation. Sign in with your own password to change this."),
    "shut_out": Said("You were recognised, but you may not come in any more. Ask the owner of your organisation."),
    "another_person": Said("That was somebody else than the person who is signed in here."),
    "login_ended": Said("This sign-in has ended. Sign in again."),
    "proof_wrong": Said("That was not right. Try again."),
    "code_wrong": Said("This is not the code that the app shows now."),
    "passkey_invalid": Said("The passkey could not be added. Try again."),
    "passkey_unknown": Said("This passkey lets nobody in here. Sign in with your password, or try another."),
    "factor_known": Said("You have an authenticator app already: remove it first."),
}


@dataclass(frozen=True)
class Half:
    """A login that is not whole yet: it reaches the pages that finish it, and nothing else."""

    login_id: UUID
    user_id: UUID
    state: str  # second_factor, enrol
    email: str
    language: str
    by_provider: bool = False  # who runs a provider could be anybody: such a login enrols nothing


def sign_in(*, email: str, password: str, ip: str, user_agent: str) -> commands.SignedIn:
    """Let a person in. Refused in the same words for whatever was wrong; failures count even so."""
    return attempted(commands.sign_in, email=email, password=password, ip=ip, user_agent=user_agent)


def prove(step: Callable[..., Outcome], *, login_id: UUID, **given: Any) -> commands.SignedIn:
    """Finish a login, or prove anew who it is, by one of the commands that do so. Refused as `sign_in` is."""
    made = attempted(step, login_id=login_id, **given)
    forget_epoch("login", str(login_id))
    return made


def enrol(step: Callable[..., Outcome], *, login_id: UUID, **given: Any) -> commands.SignedIn:
    """Add a factor, as `prove` does. What it asks of the person's other logins holds at once, too."""
    made = prove(step, login_id=login_id, **given)
    with db.begin_read() as session:
        logins = queries.own_logins(session, made.user_id)
    for login in logins:
        forget_epoch("login", str(login.id))
    return made


def attempted(step: Callable[..., Outcome], **given: Any) -> commands.SignedIn:
    """Let a command look at what a person has given; raises Refused, after the commit, when it was a no."""
    with db.begin() as session:
        outcome = step(session, **given)
    if isinstance(outcome, commands.SignedIn):
        return outcome
    wait = {"retry_after": outcome.retry_after} if outcome.retry_after else {}
    field = next((name for name in ("password", "code") if name in given), None)
    raise Refused(WORDS[outcome.code], code=outcome.code, field=field, **wait)


def sign_in_by_passkey(*, credential: str, ip: str, user_agent: str) -> commands.SignedIn:
    """Let a person in by a passkey alone. Refused as `sign_in` is."""
    return attempted(commands.sign_in_by_passkey, credential=credential, ip=ip, user_agent=user_agent)


def half_of_login(text: str | None) -> Half | None:
    """The login behind a browser's token while its second factor is due; None for any other."""
    if not text:
        return None
    with db.begin_read() as session:
        login = session.scalars(select(Login).where(Login.token_hash == digest(text))).one_or_none()
        if login is None or login.revoked_at is not None or login.state == "active":
            return None
        user = session.get(User, login.user_id)
        if user is None or login.expires_at <= clock.now(session):
            return None
        enrolled = login.state == "enrol" and commands.has_factor(session, user.id)
        state = "second_factor" if enrolled else login.state  # as `prove` will find it
        return Half(login.id, user.id, state, user.email, user.language, login.sign_on_id is not None)
