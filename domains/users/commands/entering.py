"""People whom their customer's provider has identified: let in, let join, or asked to prove that an account is theirs.

A person is known by issuer and subject, never by an e-mail address. A login that a provider made is good for its own
customer only: whoever runs the provider could be anybody there, and must be nobody elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest, token
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor

from ..models import Identity, Login, Membership, OneTime, Organisation, SignOn, SignOnDomain, User, email_key
from ..oidc import Identified
from ..oidc.domains import domain_of
from . import throttles
from .invitations import is_late
from .logins import ByProvider, Denied, SignedIn, new_login
from .passwords import verified
from .proving import finished
from .requirement import hold_to_rules
from .telling import tell_of_change
from .trail import note, note_by

LINK_LASTS = timedelta(minutes=10)
Place = tuple[str, str]  # the address and the browser of whoever comes


@dataclass(frozen=True)
class ToLink:
    """An account with this address is there already: its owner must show that it is theirs. `how`: accept, prove.

    `code` is good once, for ten minutes: it stands for what the provider has said.
    """

    user_id: UUID
    how: str
    code: str = ""


def enter(session: Session, *, customer_id: UUID, who: Identified, place: Place) -> SignedIn | ToLink | Denied:
    """Let somebody in whom the customer's provider has identified. Who is new may join by a domain that is proved."""
    outcome = _entered(session, customer_id, who, place)
    if not isinstance(outcome, ToLink):
        return outcome
    code, until = token(), clock.now(session) + LINK_LASTS
    key = _link_key(code, customer_id, who)
    session.add(OneTime(key=key, purpose="sign_on", user_id=outcome.user_id, expires_at=until))
    return replace(outcome, code=code)


def _entered(session: Session, customer_id: UUID, who: Identified, place: Place) -> SignedIn | ToLink | Denied:
    settings = select(SignOn).where(SignOn.customer_id == customer_id)  # whoever changes them ends what came before
    found, now = session.scalars(locked(settings, SignOn)).one_or_none(), clock.now(session)
    if found is None or found.issuer != who.issuer:
        return Denied("sign_on_gone")
    query = select(Identity).where(Identity.customer_id == customer_id, Identity.key == key_of(who))
    known = session.scalars(locked(query, Identity)).one_or_none()
    if known is not None:
        known.last_used_at = now
        return _let_in(session, found, session.get(User, known.user_id), who, place)
    user = (
        session.scalars(select(User).where(User.email_key == email_key(who.email))).one_or_none() if who.email else None
    )
    member = _member(session, user.id, customer_id) if user is not None else None
    invited = member is not None and member.state != "disabled" and not is_late(member, now)
    is_own = _is_own(session, customer_id, who)
    if user is not None and (invited or (found.joins and is_own)):
        return _to_link(session, customer_id, user, is_own)
    if user is None and found.joins and is_own:
        return _join(session, found, who, place)
    return _denied(session, customer_id, "not_invited")


def _link_key(code: str, customer_id: UUID, who: Identified) -> str:
    return digest("sign_on", code, str(customer_id), key_of(who))


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


def _to_link(session: Session, customer_id: UUID, user: User, is_own: bool) -> ToLink | Denied:
    """Have the owner of an account prove that it is theirs. Whoever has never come in has nothing to prove it with.

    They accept where the address is surely theirs and nobody else has invited them: whoever runs a provider can have
    it say any address, and must not become the person to whom another customer has written. Others follow that letter.
    """
    of = select(Membership.id).where(Membership.user_id == user.id)
    at_work = session.scalars(of.where(Membership.state == "active")).first() is not None
    if user.status != "invited" or user.password_hash is not None or at_work:
        return ToLink(user.id, "prove")
    elsewhere = session.scalars(of.where(Membership.customer_id != customer_id)).first() is not None
    return ToLink(user.id, "accept") if is_own and not elsewhere else _denied(session, customer_id, "letter_first")


def _denied(session: Session, customer_id: UUID, why: str) -> Denied:
    """A no, which stands in the customer's trail."""
    with acting(actor=Actor("user", "unknown", "Somebody unknown")):
        note(session, "users.refuse_sign_on", customer_id, ("customer", customer_id), after={"why": why})
    return Denied(why)


def _let_in(session: Session, found: SignOn, user: User | None, who: Identified, place: Place) -> SignedIn | Denied:
    member = _member(session, user.id, found.customer_id) if user is not None else None
    if user is None or user.status != "active" or member is None or member.state != "active":
        return _denied(session, found.customer_id, "shut_out")
    now, of = clock.now(session), found.customer_id
    asked = min(now, datetime.fromtimestamp(who.auth_time, UTC)) if who.auth_time > 0 else None
    return new_login(session, user, of, now, *place, amr_of(found, who), by=ByProvider(of, asked))


def amr_of(found: SignOn, who: Identified) -> tuple[str, ...]:
    """By what a login was proved: `sso` where the provider is trusted to ask for enough, else `oidc`."""
    return ("sso" if found.trusted else "oidc", *(f"idp:{one}" for one in who.amr))


def _join(session: Session, found: SignOn, who: Identified, place: Place) -> SignedIn | ToLink | Denied:
    """Somebody new, whose address is verified and of the customer's own domain, becomes a member."""
    now, of = clock.now(session), session.get_one(Organisation, found.customer_id)
    row = {
        "id": new_id(), "email": who.email.strip(), "email_key": email_key(who.email), "status": "active",
        "name": who.name or who.email.partition("@")[0], "language": "en", "formats": "en_GB", "time_zone": "UTC",
        "theme": "auto", "created_at": now, "version": 1,
    }  # fmt: skip
    if not insert_new(session, User.__table__, row, "email_key"):  # they have come in by another window just now
        return _entered(session, found.customer_id, who, place)
    user = session.get_one(User, row["id"])
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
        member.role = found.role if is_late(member, now) else member.role  # of a late invitation nothing is left
        member.state = "active"
    else:
        return
    with acting(actor=Actor("user", str(user.id), user.name)):
        told = {"role": member.role, "by": "sign_on"}
        note(session, "users.join", found.customer_id, ("user", user.id), after=told)
    hold_to_rules(session, [user.id])  # this customer may want more than their other logins have given


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
    code: str,
    password: str | None = None,
    signed_in_as: UUID | None = None,
) -> SignedIn | Denied:
    """Let somebody in whose account it has turned out to be: by its password, by being signed in to it, or, where
    nobody has ever come in, by accepting. `code` is that of `enter`, and used up when they are in.

    Failures count as those of signing in.
    """
    query = select(OneTime).where(OneTime.key == _link_key(code, customer_id, who), OneTime.purpose == "sign_on")
    kept = session.scalars(locked(query, OneTime)).one_or_none()
    if kept is None or kept.expires_at <= clock.now(session):
        return Denied("login_ended")
    user = session.scalars(locked(select(User).where(User.id == kept.user_id), User)).one()
    outcome = _entered(session, customer_id, who, place)
    if isinstance(outcome, ToLink) and outcome.user_id != user.id:  # the address has become somebody else's
        return Denied("login_ended")
    if isinstance(outcome, ToLink):
        shown = outcome.how == "accept" or signed_in_as == user.id
        no = None if shown else _unproved(session, user, customer_id, password or "", place)
        outcome = no or _linked(session, customer_id, user, who, place)
    if isinstance(outcome, SignedIn):
        session.delete(kept)
    return outcome


def _unproved(session: Session, user: User, customer_id: UUID, password: str, place: Place) -> Denied | None:
    """Why a password does not show that the account is theirs; None when it does."""
    now, limits = clock.now(session), throttles.of_sign_in(session, user, user.email, place[0])
    if seconds := throttles.wait(session, limits, now):
        return Denied("too_many_attempts", seconds)
    if not verified(user.password_hash, password):
        throttles.note_failures(session, limits, now)
        note_by(session, user, "users.link_failed", customer_id, user.id)
        return Denied("proof_wrong")
    throttles.forget(session, limits[0])
    return None


def _linked(session: Session, customer_id: UUID, user: User, who: Identified, place: Place) -> SignedIn | Denied:
    """Tie who somebody is at the provider to their account, and let them in; nothing of it for who is shut out."""
    found, member = session.get_one(SignOn, customer_id), _member(session, user.id, customer_id)
    now = clock.now(session)
    if user.status == "disabled" or (member is not None and member.state == "disabled"):
        return _denied(session, customer_id, "shut_out")
    user.status = "active"
    _become_member(session, found, session.get_one(Organisation, customer_id), user, now)
    _remember(session, found, user, who, now)
    session.flush()  # where they work is read below
    tell_of_change(session, user_id=user.id, template="factors_changed")
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
        return _denied(session, found.customer_id, "another_person")
    return finished(session, login, user, amr_of(found, who)[0], clock.now(session))
