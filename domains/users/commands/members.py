"""Who works for a customer: colleagues are invited, given another role, shut out; and what they must prove.

Nobody gives away more than they have, changes what they are themselves, or leaves a customer without an owner.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, func, not_, select
from sqlalchemy.orm import Session

from domains.kernel.database import locked, new_id
from domains.kernel.errors import N_, Conflict, Invalid, NotFound, Refused
from domains.kernel.messages import context
from domains.kernel.tenancy import Scope

from .. import queries
from ..models import Login, Membership, OneTime, Organisation, Passkey, RecoveryCode, Totp, is_address
from .invitations import invite, invite_again
from .letters import invite_by_letter
from .live import end_login, end_others, home_of
from .people import check_role, person_of
from .requirement import hold_to_rules
from .telling import tell_of_change
from .trail import note

OWNERS = ("owner", "administrator")  # who may let others in; the second at the operator


def invite_person(
    session: Session,
    *,
    scope: Scope,
    customer_id: UUID,
    email: str,
    name: str,
    role: str,
    granting: Collection[str],
    language: str = "en",
    time_zone: str = "UTC",
) -> UUID:
    """Invite somebody, by e-mail, to work for a customer in a role; gives the invitation's id.

    Whoever was invited or shut out before is invited anew. `granting` are the rights of who invites.
    """
    organisation = queries.organisation(session, scope, customer_id)
    _check_care(scope, organisation)
    check_role(organisation, role, granting, desk=scope.kind == "operator")
    name = _checked(name, email)
    user = person_of(session, new_id(), email, name, language, time_zone)
    query = select(Membership).where(Membership.user_id == user.id, Membership.customer_id == customer_id)
    member = session.scalars(locked(query, Membership)).one_or_none()
    if member is None:
        member = invite(session, user, organisation, role, name, email)
    elif member.state == "active":
        raise Refused("This person works here already.", code="already_member", field="email")
    else:
        invite_again(session, member, role, name, email)
    invite_by_letter(session, user, member)
    return member.id


def _checked(name: str, email: str) -> str:
    told = " ".join(name.split())
    if not is_address(email.strip()):
        raise Invalid("Give an e-mail address, such as name@company.com.", code="email_invalid", field="email")
    if not 1 <= len(told) <= 200:
        raise Invalid("Give a name of 1 to 200 characters.", code="name_invalid", field="name")
    return told


def resend_invitation(session: Session, *, scope: Scope, membership_id: UUID) -> None:
    """Write to somebody who is invited once more; they have seven days again."""
    member = _invitation(session, scope, membership_id)
    user = queries.oneself(session, member.user_id)
    invite_again(session, member, member.role, member.invited_name or "", member.invited_email or user.email)
    invite_by_letter(session, user, member)


def withdraw_invitation(session: Session, *, scope: Scope, membership_id: UUID) -> None:
    """Invite somebody no longer; nothing is left of it but the trail, and its link is dead."""
    member = _invitation(session, scope, membership_id)
    session.delete(member)
    session.flush()  # so that it is not counted below
    note(session, "users.withdraw_invitation", member.customer_id, ("membership", member.id))
    if home_of(session, member.user_id) is None:
        session.execute(delete(OneTime).where(OneTime.user_id == member.user_id))


def _invitation(session: Session, scope: Scope, membership_id: UUID) -> Membership:
    query = select(Membership).where(Membership.id == membership_id, Membership.state == "invited")
    found: Membership | None = session.scalars(locked(query.where(scope.covers(Membership)), Membership)).one_or_none()
    if found is None:
        raise NotFound("There is no such invitation.", code="invitation_not_found", field="invitation_id")
    _check_care(scope, session.get_one(Organisation, found.customer_id))
    return found


def _check_care(scope: Scope, organisation: Organisation) -> None:
    """Refuse staff at their desk what only a customer does with its people (ADR 32); the operator's are their own."""
    if scope.kind == "operator" and organisation.kind != "operator":
        text = N_("The customer cares for its people itself: you see them, and change nothing here.")
        raise Refused(text, code="customers_own")


def change_role(
    session: Session, *, scope: Scope, user_id: UUID, role: str, granting: Collection[str],
    customer_id: UUID | None = None, expected_version: int | None = None,
) -> None:  # fmt: skip
    """Give a colleague another role. What they see and may do changes within a second.

    Refused for oneself, for the last owner, and for a role, old or new, that may do more than who changes it.
    """
    member, organisation = _colleague(session, scope, user_id, customer_id, expected_version)
    _check_care(scope, organisation)
    for each in (member.role, role):
        check_role(organisation, each, granting, desk=scope.kind == "operator")
    if role == member.role:
        return
    if role not in OWNERS:
        _keep_an_owner(session, member)
    note(
        session, "users.change_role", member.customer_id, ("user", user_id),
        before={"role": member.role}, after={"role": role},
    )  # fmt: skip
    member.role, member.version = role, member.version + 1
    for login in _logins_at(session, member):
        login.epoch += 1


def shut_out(
    session: Session, *, scope: Scope, user_id: UUID, granting: Collection[str], customer_id: UUID | None = None,
    expected_version: int | None = None,
) -> list[UUID]:  # fmt: skip
    """End what somebody is at a customer, with their logins there, whose ids it gives.

    What the same person is to other customers is no business of this one, and stays.
    """
    member, organisation = _colleague(session, scope, user_id, customer_id, expected_version)
    _check_care(scope, organisation)
    check_role(organisation, member.role, granting, desk=scope.kind == "operator")
    _keep_an_owner(session, member)
    return _end_membership(session, member)


def disable_user(session: Session, *, scope: Scope, user_id: UUID) -> list[UUID]:
    """Shut a person out of all customers in scope and end their logins there; returns these logins' ids.

    What the same person is to other customers is no business of these, and stays.
    """
    own = (Membership.user_id == user_id, Membership.state == "active", scope.covers(Membership))
    members = list(session.scalars(locked(select(Membership).where(*own), Membership)))
    if not members:
        raise NotFound("There is no such user.", code="user_not_found", field="user_id")
    return [login_id for member in members for login_id in _end_membership(session, member)]


def _end_membership(session: Session, member: Membership) -> list[UUID]:
    member.state, member.version = "disabled", member.version + 1
    note(session, "users.disable", member.customer_id, ("user", member.user_id))
    logins = _logins_at(session, member)
    for login in logins:
        end_login(session, login, "users.end_login")
    return [login.id for login in logins]


def end_logins_of(
    session: Session, *, scope: Scope, user_id: UUID, customer_id: UUID | None = None, login_id: UUID | None = None
) -> list[UUID]:
    """End one or all logins of a colleague at a customer, and give their ids. An unknown login is NotFound."""
    member = queries.membership(session, scope, user_id, customer_id)
    _check_care(scope, session.get_one(Organisation, member.customer_id))
    logins = [login for login in _logins_at(session, member) if login_id in (None, login.id)]
    if login_id is not None and not logins:
        raise NotFound("There is no such login.", code="login_not_found", field="login_id")
    for login in logins:
        end_login(session, login, "users.end_login")
    return [login.id for login in logins]


def reset_factors(
    session: Session, *, scope: Scope, user_id: UUID, granting: Collection[str], customer_id: UUID | None = None
) -> list[UUID]:
    """Forget the second factors of a colleague who has lost them, and end all their logins, whose ids it gives.

    Only where whoever does it cares for all that the person is: else one customer would open the door to another. Who
    may do less than the colleague does not weaken their door; for a customer's people the operator's staff do so, too.
    """
    member, organisation = _colleague(session, scope, user_id, customer_id, None)
    if scope.kind != "operator" or organisation.kind == "operator":
        check_role(organisation, member.role, granting, desk=scope.kind == "operator")
    here = (Membership.user_id == user_id, Membership.state == "active")
    elsewhere = select(func.count()).select_from(Membership).where(*here, not_(scope.covers(Membership)))
    if session.scalar(elsewhere):
        raise Refused("This person works elsewhere, too: ask our support.", code="works_elsewhere")
    for kind in (Totp, Passkey, RecoveryCode):
        session.execute(delete(kind).where(kind.user_id == user_id))
    note(session, "users.reset_factors", member.customer_id, ("user", user_id))
    tell_of_change(session, user_id=user_id, template="factors_changed")
    return end_others(session, user_id)


def require_second_factor(session: Session, *, scope: Scope, customer_id: UUID, wanted: bool) -> None:
    """Say whether a customer's people need a second factor. Who has none is held at the door until they have one."""
    _check_care(scope, queries.organisation(session, scope, customer_id))
    place = _locked(session, customer_id)
    before, place.second_factor = place.second_factor, "required" if wanted else "optional"
    if before == place.second_factor:
        return
    known = {"before": {"second_factor": before}, "after": {"second_factor": place.second_factor}}
    note(session, "users.require_second_factor", customer_id, ("customer", customer_id), **known)
    session.flush()  # the rule is read below
    here = select(Membership.user_id).where(Membership.customer_id == customer_id, Membership.state == "active")
    hold_to_rules(session, session.scalars(here.order_by(Membership.user_id)).all())


def _colleague(
    session: Session, scope: Scope, user_id: UUID, customer_id: UUID | None, expected_version: int | None
) -> tuple[Membership, Organisation]:
    """An active member other than who asks; the customer is locked, so that two owners cannot end each other."""
    found = queries.membership(session, scope, user_id, customer_id)
    organisation = _locked(session, found.customer_id)
    session.refresh(found)
    if found.state != "active":
        raise Refused("This person is shut out: invite them again.", code="not_a_member")
    if str(user_id) == context().actor.id:
        raise Refused("What you are yourself is changed by a colleague.", code="not_oneself")
    if expected_version is not None and found.version != expected_version:
        raise Conflict("This person has been changed since you looked.", code="version_conflict")
    return found, organisation


def _locked(session: Session, customer_id: UUID) -> Organisation:
    query = locked(select(Organisation).where(Organisation.customer_id == customer_id), Organisation)
    found: Organisation = session.scalars(query.execution_options(populate_existing=True)).one()
    return found


def _keep_an_owner(session: Session, member: Membership) -> None:
    others = select(func.count()).select_from(Membership).where(
        Membership.customer_id == member.customer_id, Membership.state == "active", Membership.role.in_(OWNERS),
        Membership.id != member.id,
    )  # fmt: skip
    if member.role in OWNERS and not session.scalar(others):
        raise Refused("This is the last owner: make somebody else one first.", code="last_owner")


def _logins_at(session: Session, member: Membership) -> list[Login]:
    """A person's logins at a customer that have not ended."""
    here = (Login.user_id == member.user_id, Login.customer_id == member.customer_id, Login.revoked_at.is_(None))
    return list(session.scalars(select(Login).where(*here)))
