"""Single sign-on from beginning to end: whose provider it is, and what becomes of who comes back from it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from domains.kernel import config, envelope
from domains.kernel.errors import Refused

from .. import commands
from ..models import SignOn, SignOnDomain, db
from ..oidc import Connection, Identified
from ..oidc.domains import domain_of
from .epochs import forget_epoch
from .steps import WORDS

CALLBACK = "/login/sso/callback"


def redirect_uri() -> str:
    """Where providers send people back to: one address, to the letter, for all of them."""
    return config.current().public_url + CALLBACK


def provider_of_address(email: str) -> UUID | None:
    """The customer whose provider people of this address sign on at: by its domain, whoever they are."""
    own = select(SignOnDomain.customer_id).where(
        SignOnDomain.name == domain_of(email), SignOnDomain.verified_at.is_not(None)
    )
    with db.begin_read() as session:
        customer_id = session.scalars(own).first()
        return customer_id if customer_id is not None and session.get(SignOn, customer_id) is not None else None


def connection_of(customer_id: UUID) -> Connection | None:
    """A customer's provider, ready to be asked; None without one."""
    with db.begin_read() as session:
        found = session.get(SignOn, customer_id)
    if found is None:
        return None
    secret = envelope.opened(found.client_secret, purpose=commands.SIGN_ON_PURPOSE, owner=customer_id)
    return Connection(found.issuer, found.client_id, secret, found.provider, redirect_uri())


def enter(step: Any, who: Identified, **given: Any) -> Any:
    """Let somebody in by one of the commands that do so: SignedIn, or ToLink. A no is Refused, after the commit."""
    with db.begin() as session:
        outcome = step(session, who=who, **given)
    if isinstance(outcome, commands.Denied):
        wait = {"retry_after": outcome.retry_after} if outcome.retry_after else {}
        field = "password" if outcome.code in ("proof_wrong", "too_many_attempts") else None
        raise Refused(WORDS[outcome.code], code=outcome.code, field=field, **wait)
    if "login_id" in given:
        forget_epoch("login", str(given["login_id"]))
    return outcome
