"""People: invited to a customer when it is onboarded, and their preferences."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import insert_new, locked
from domains.kernel.errors import Invalid, NotFound, Refused

from ..models import (
    DRIFT_MAIL,
    FORMATS,
    LANGUAGES,
    THEMES,
    Membership,
    Organisation,
    User,
    email_key,
)
from ..policy import ROLE_SCOPES, STAFF, scopes_of, staff_scopes
from .invitations import invite
from .live import check_own_means, live_logins


def add_organisation(
    session: Session,
    *,
    customer_id: UUID,
    reseller_id: UUID | None,
    kind: str,
    name: str,
    region: str,
    currency: str,
    language: str,
    time_zone: str,
    owner_user_id: UUID,
    owner_name: str,
    owner_email: str,
) -> None:
    """Make a customer known here, and invite its owner. Doing it twice does it once."""
    facts = {"reseller_id": reseller_id, "kind": kind, "name": name, "region": region, "currency": currency}
    row = {"customer_id": customer_id, "status": "active", "version": 1, **facts}
    if not insert_new(session, Organisation.__table__, row, "customer_id"):
        return
    role = "administrator" if kind == "operator" else "owner"
    add_user(
        session, user_id=owner_user_id, customer_id=customer_id, email=owner_email, name=owner_name, role=role,
        language=language, time_zone=time_zone,
    )  # fmt: skip


def remove_organisation(session: Session, *, customer_id: UUID) -> None:
    """Take back an organisation whose onboarding came to nothing, with its memberships; if it is not there, fine."""
    for member in session.scalars(select(Membership).where(Membership.customer_id == customer_id)):
        session.delete(member)
    known = session.get(Organisation, customer_id)
    if known is not None:
        session.delete(known)


def know_organisation(session: Session, *, customer_id: UUID, name: str, status: str, version: int) -> None:
    """Note a customer's name and status as they are now; older facts are left aside."""
    known = session.get(Organisation, customer_id)
    if known is not None and known.version < version:
        known.name, known.status, known.version = name, status, version


def add_user(
    session: Session,
    *,
    user_id: UUID,
    customer_id: UUID,
    email: str,
    name: str,
    role: str,
    language: str,
    time_zone: str,
) -> None:
    """Invite a person to be a member of a customer. Refuses an unknown role, and a staff's role outside the operator.

    A known address is the same person. Nothing is granted, and nothing is told about them, before they accept.
    """
    organisation = session.get(Organisation, customer_id)
    if organisation is None:
        raise Invalid("There is no such customer.", code="customer_unknown", field="customer_id")
    check_role(organisation, role)
    user = person_of(session, user_id, email, name, language, time_zone)
    known = select(Membership).where(Membership.user_id == user.id, Membership.customer_id == customer_id)
    if session.scalars(known).one_or_none() is None:
        invite(session, user, organisation, role, name, email)


def check_role(
    organisation: Organisation, role: str, granting: Collection[str] | None = None, *, desk: bool = False
) -> None:
    """Refuse an unknown role, a staff's role outside the operator, and one that gives more than its giver has.

    For staff at their `desk`, whose rights end where a customer's own begins, it counts what a role gives there.
    """
    if role not in ROLE_SCOPES:
        raise Invalid(f"role is one of {', '.join(ROLE_SCOPES)}.", code="role_invalid", field="role")
    if role in STAFF and organisation.kind != "operator":
        raise Invalid("Only people of the operator have this role.", code="role_invalid", field="role")
    given = staff_scopes(role, None) if desk else scopes_of(role)
    if granting is not None and not given <= set(granting):
        raise Refused("This role may do more than you may.", code="role_above_own", field="role")


def person_of(session: Session, user_id: UUID, email: str, name: str, language: str, time_zone: str) -> User:
    """Whoever has this address, or somebody new under this id, who is invited only."""
    known: User | None = session.scalars(select(User).where(User.email_key == email_key(email))).one_or_none()
    return known or _newcomer(session, user_id, email, name, language, time_zone)


def _newcomer(session: Session, user_id: UUID, email: str, name: str, language: str, time_zone: str) -> User:
    """A user without a password yet."""
    formats = {"de": "de_DE", "ja": "ja_JP"}.get(language, "en_GB")
    user = User(
        id=user_id, email=email.strip(), email_key=email_key(email), name=name, status="invited", language=language,
        formats=formats, time_zone=time_zone, theme="auto", created_at=clock.now(session), version=1,
    )  # fmt: skip
    session.add(user)
    return user


def update_preferences(session: Session, *, user_id: UUID, login_id: UUID | None = None, **changes: str) -> User:
    """Change a person's name, language, formats, time_zone, theme or drift_mail: none depends on another.

    A login that a customer's provider made gives no other name to somebody who works elsewhere, too.
    """
    user: User | None = session.scalars(locked(select(User).where(User.id == user_id), User)).one_or_none()
    if user is None:
        raise NotFound("There is no such user.")
    allowed: dict[str, Any] = {"language": LANGUAGES, "formats": FORMATS, "theme": THEMES, "drift_mail": DRIFT_MAIL}
    allowed["time_zone"] = available_timezones()
    if "name" in changes:
        changes["name"] = " ".join(changes["name"].split())
        if not 1 <= len(changes["name"]) <= 200:
            raise Invalid("Give a name of 1 to 200 characters.", code="name_invalid", field="name")
        if changes["name"] != user.name:
            _check_own_name(session, user_id, login_id)
    for name, value in changes.items():
        if name in allowed and value not in allowed[name]:
            raise Invalid("“%(value)s” is not one that we know.", code=f"{name}_invalid", field=name, value=value)
        setattr(user, name, value)
    user.version += 1
    for login in live_logins(session, user_id):
        login.epoch += 1
    return user


def _check_own_name(session: Session, user_id: UUID, login_id: UUID | None) -> None:
    at_work = select(Membership.customer_id).where(Membership.user_id == user_id, Membership.state == "active")
    for customer_id in session.scalars(at_work):
        check_own_means(session, login_id, customer_id)
