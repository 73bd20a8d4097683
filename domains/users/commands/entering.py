"""People whom their customer's provider has identified: let in, let join, or asked to prove that an account is theirs.

A person is known by issuer and subject, never by an e-mail address. A login that a provider made is good for its own
customer only: whoever runs the provider could be anybody there, and must be nobody elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.database import locked, new_id
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor

from ..models import Identity, Login, Membership, Organisation, SignOn, SignOnDomain, User, email_key
from ..oidc import Identified
from ..oidc.domains import domain_of
from . import throttles
from .logins import Denied, SignedIn, new_login
from .passwords import verified
from .proving import finished
from .trail import note, note_by

Place = tuple[str, str]  # the address and the browser of whoever comes


@dataclass(frozen=True)
class ToLink:
    """An account with this address is there already: its owner must show that it is theirs. `how`: accept, prove."""

    user_id: UUID
    how: str


def enter(session: Session, *, customer_id: UUID, who: Identified, place: Place) -> SignedIn | ToLink | Denied:
    """Let somebody in whom the customer's provider has identified. Who is new may join by a domain that is proved."""
    found = session.get(SignOn, customer_id)
    if found is None or found.issuer != who.issuer:
        return Denied("sign_on_gone")
    query = select(Identity).where(Identity.customer_id == customer_id, Identity.key == key_of(who))
    known = session.scalars(locked(query, Identity)).one_or_none()
    if known is not None:
        known.last_used_at = clock.now(session)
        return _let_in(session, found, session.get(User, known.user_id), who, place)
    user = (
        session.scalars(select(User).where(User.email_key == email_key(who.email))).one_or_none() if who.email else None
    )
    member = _member(session, user.id, customer_id) if user is not None else None
    joins = found.joins and _is_own(session, customer_id, who)
    if user is not None and (joins or (member is not None and member.state != "disabled")):
        return ToLink(user.id, _how(session, user))
    if user is None and joins:
        return _join(session, found, who, place)
    _note_denied(session, customer_id, "not_invited")
    return Denied("not_invited")


def key_of(who: Identified) -> str:
    """What makes two identities the same."""
    return digest(who.issuer, who.subject)


def _is_own(session: Session, customer_id: UUID, who: Identified) -> bool:
    """Whether the provider has verified the address, and the customer has proved that its domain is its own."""
    query = select(SignOnDomain.id).where(
        SignOnDomain.customer_id == customer_id, SignOnDomain.name == domain_of(who.email),
        SignOnDomain.verified_at.is_not(None),
    )  # fmt: skip
    return who.email_verified and session.scalars(query).first() is not None


def _member(session: Session, user_id: UUID, customer_id: UUID) -> Membership | None:
    query = select(Membership).where(Membership.user_id == user_id, Membership.customer_id == customer_id)
    found: Membership | None = session.scalars(locked(query, Membership)).one_or_none()
    return found


def _how(session: Session, user: User) -> str:
    """Whoever has never come in has nothing to prove it with, and nothing that could be taken."""
    at_work = select(Membership.id).where(Membership.user_id == user.id, Membership.state == "active")
    fresh = user.status == "invited" and user.password_hash is None and session.scalars(at_work).first() is None
    return "accept" if fresh else "prove"


def _note_denied(session: Session, customer_id: UUID, why: str) -> None:
    with acting(actor=Actor("user", "unknown", "Somebody unknown")):
        note(session, "users.refuse_sign_on", customer_id, ("customer", customer_id), after={"why": why})


def _let_in(session: Session, found: SignOn, user: User | None, who: Identified, place: Place) -> SignedIn | Denied:
    member = _member(session, user.id, found.customer_id) if user is not None else None
    if user is None or user.status != "active" or member is None or member.state != "active":
        _note_denied(session, found.customer_id, "shut_out")
        return Denied("shut_out")
    made = new_login(
        session, user, found.customer_id, clock.now(session), *place, amr_of(found, who), sign_on_id=found.customer_id
    )
    return made


def amr_of(found: SignOn, who: Identified) -> tuple[str, ...]:
    """By what a login was proved: `sso` where the provider is trusted to ask for enough, else `oidc`."""
    return ("sso" if found.trusted else "oidc", *(f"idp:{one}" for one in who.amr))


def _join(session: Session, found: SignOn, who: Identified, place: Place) -> SignedIn | Denied:
    """Somebody new, whose address is verified and of the customer's own domain, becomes a member."""
    now, of = clock.now(session), session.get_one(Organisation, found.customer_id)
    name = who.name or who.email.partition("@")[0]
    user = User(
        id=new_id(), email=who.email.strip(), email_key=email_key(who.email), name=name,
        status="active", language="en", formats="en_GB", time_zone="UTC", theme="auto", created_at=now, version=1,
    )  # fmt: skip
    session.add(user)
    _become_member(session, found, of, user, now)
    _remember(session, found, user, who, now)
    return _let_in(session, found, user, who, place)


def _become_member(session: Session, found: SignOn, of: Organisation, user: User, now: Any) -> None:
    member = _member(session, user.id, found.customer_id)
    if member is None:
        member = Membership(
            id=new_id(), user_id=user.id, customer_id=found.customer_id, reseller_id=of.reseller_id, role=found.role,
            state="active", created_at=now,
        )  # fmt: skip
        session.add(member)
    elif member.state == "invited":
        member.state = "active"
    else:
        return
    with acting(actor=Actor("user", str(user.id), user.name)):
        told = {"role": member.role, "by": "sign_on"}
        note(session, "users.join", found.customer_id, ("user", user.id), after=told)


def _remember(session: Session, found: SignOn, user: User, who: Identified, now: Any) -> None:
    session.add(
        Identity(
            id=new_id(), customer_id=found.customer_id, reseller_id=found.reseller_id, user_id=user.id, key=key_of(who),
            issuer=who.issuer, subject=who.subject, created_at=now, last_used_at=now,
        )
    )  # fmt: skip
    with acting(actor=Actor("user", str(user.id), user.name)):
        told = {"issuer": who.issuer, "subject": who.subject}
        note(session, "users.link_sign_on", found.customer_id, ("user", user.id), after=told)


def link(
    session: Session,
    *,
    customer_id: UUID,
    who: Identified,
    place: Place,
    password: str | None = None,
    signed_in_as: UUID | None = None,
) -> SignedIn | ToLink | Denied:
    """Let somebody in whose account it has turned out to be: by its password, by being signed in to it, or, where
    nobody has ever come in, by accepting. Failures count as those of signing in."""
    outcome = enter(session, customer_id=customer_id, who=who, place=place)
    if not isinstance(outcome, ToLink):
        return outcome
    user, found, now = session.get_one(User, outcome.user_id), session.get_one(SignOn, customer_id), clock.now(session)
    if outcome.how == "prove" and signed_in_as != user.id:
        limits = throttles.of_sign_in(session, user, user.email, place[0])
        if seconds := throttles.wait(session, limits, now):
            return Denied("too_many_attempts", seconds)
        if not verified(user.password_hash, password or ""):
            throttles.note_failures(session, limits, now)
            note_by(session, user, "users.link_failed", customer_id, user.id)
            return Denied("proof_wrong")
        throttles.forget(session, limits[0])
    if user.status == "invited":
        user.status = "active"
    _become_member(session, found, session.get_one(Organisation, customer_id), user, now)
    _remember(session, found, user, who, now)
    return _let_in(session, found, user, who, place)


def prove_by_sign_on(session: Session, *, login_id: UUID, who: Identified) -> SignedIn | Denied:
    """Prove anew, through the provider that made a login, that it is the same person."""
    query = select(Login).where(Login.id == login_id, Login.revoked_at.is_(None))
    login = session.scalars(locked(query, Login)).one_or_none()
    found = session.get(SignOn, login.sign_on_id) if login is not None and login.sign_on_id is not None else None
    if login is None or found is None or login.state != "active" or found.issuer != who.issuer:
        return Denied("login_ended")
    same = select(Identity).where(Identity.customer_id == found.customer_id, Identity.key == key_of(who))
    known, user = session.scalars(same).one_or_none(), session.get_one(User, login.user_id)
    if known is None or known.user_id != login.user_id or user.status != "active":
        _note_denied(session, found.customer_id, "another_person")
        return Denied("another_person")
    return finished(session, login, user, amr_of(found, who)[0], clock.now(session))
