"""Invitations: a membership that the invited person has to accept, and about whom nothing is told until they do."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import locked, new_id
from domains.kernel.errors import N_, NotFound, Refused
from domains.kernel.messages import acting
from domains.kernel.tenancy import Actor

from ..models import Login, Membership, Organisation, User
from .live import check_own_means, live_logins, may_work
from .requirement import hold_to_rules
from .trail import note

INVITATION_LASTS = timedelta(days=7)


def invite(session: Session, user: User, organisation: Organisation, role: str, name: str, email: str) -> Membership:
    """Add a membership that grants nothing yet, with what was typed to invite the person."""
    member = Membership(
        id=new_id(), user_id=user.id, customer_id=organisation.customer_id, reseller_id=organisation.reseller_id,
    )  # fmt: skip
    session.add(member)
    return invite_again(session, member, role, name, email)


def invite_again(session: Session, member: Membership, role: str, name: str, email: str) -> Membership:
    """Make an invitation of a membership that was none yet, was not accepted, or was ended."""
    now = clock.now(session)
    member.role, member.invited_name, member.invited_email, member.state = role, name, email.strip(), "invited"
    member.created_at, member.expires_at, member.version = now, now + INVITATION_LASTS, (member.version or 0) + 1
    note(session, "users.invite", member.customer_id, ("membership", member.id), after={"role": role})
    return member


def accept_invitation(
    session: Session, *, user_id: UUID, membership_id: UUID, login_id: UUID | None = None
) -> None:  # fmt: skip
    """Become a member of a customer. Once accepted, it stays so; NotFound when it was not this person who is invited.

    Refused to a login (if it is through one) that another customer's provider made. Logins of somebody who had no place
    to work at yet go on there; they are held back where more than a password is wanted.
    """
    member = _own(session, user_id, membership_id)
    if member is None:
        raise NotFound("There is no such invitation.", code="invitation_not_found", field="membership")
    check_own_means(session, login_id, member.customer_id)
    if member.state == "invited":
        if is_late(member, clock.now(session)):
            raise Refused("This invitation has expired. Ask for another one.", code="invitation_expired")
        _accept(session, member)
        for login in live_logins(session, user_id):
            login.epoch += 1
            if login.customer_id == user_id and may_work(session, login, member):
                login.customer_id = member.customer_id
        hold_to_rules(session, [user_id])


def is_late(member: Membership, now: datetime) -> bool:
    """Whether an invitation was not accepted in time."""
    return member.state == "invited" and member.expires_at is not None and member.expires_at <= now


def accept_the_only_one(session: Session, user_id: UUID) -> None:
    """Accept for a person who comes in for the first time, unless there are several to choose from."""
    members = list(session.scalars(select(Membership).where(Membership.user_id == user_id).order_by(Membership.id)))
    if len(members) == 1 and members[0].state == "invited" and not is_late(members[0], clock.now(session)):
        _accept(session, members[0])


def _accept(session: Session, member: Membership) -> None:
    member.state, member.version = "active", member.version + 1
    note(session, "users.accept_invitation", member.customer_id, ("user", member.user_id), after={"role": member.role})


def decline_invitation(
    session: Session, *, user_id: UUID, membership_id: UUID, login_id: UUID | None = None
) -> None:  # fmt: skip
    """Say no to an invitation, of which nothing is left; if it is not there or was accepted, nothing happens.

    Refused to a login (if it is through one) that another customer's provider made.
    """
    member = _own(session, user_id, membership_id)
    if member is None or member.state != "invited":
        return
    check_own_means(session, login_id, member.customer_id)
    session.delete(member)
    typed = Actor(
        "user", str(member.id), (member.invited_email or "")[:200]
    )  # all that the customer knows of the person
    with acting(actor=typed):
        note(session, "users.decline_invitation", member.customer_id, ("membership", member.id))
    for login in live_logins(session, user_id):
        login.epoch += 1


def work_for(session: Session, *, user_id: UUID, login_id: UUID, membership_id: UUID) -> None:
    """Go on at another of the customers that one is a member of; NotFound for any other."""
    member = _own(session, user_id, membership_id)
    if member is None or member.state != "active":
        raise NotFound("There is no such membership.", code="membership_not_found", field="membership")
    login = session.scalars(locked(select(Login).where(Login.id == login_id, Login.user_id == user_id), Login)).one()
    if not may_work(session, login, member):
        text = N_("To work there, sign out and come in again the way that organisation wants it.")
        raise Refused(text, code="other_sign_in")
    login.customer_id, login.acting_for = member.customer_id, None
    login.epoch += 1
    hold_to_rules(session, [user_id])
    note(session, "users.work_for", member.customer_id, ("login", login_id))


def _own(session: Session, user_id: UUID, membership_id: UUID) -> Membership | None:
    query = select(Membership).where(Membership.id == membership_id, Membership.user_id == user_id)
    return session.scalars(locked(query, Membership)).one_or_none()
