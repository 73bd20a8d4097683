"""Support access: staff see a customer's pages when it lets them, for a time, and change only what it lets them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import insert_new, locked, new_id
from domains.kernel.errors import N_ as N_
from domains.kernel.errors import Conflict, Invalid, NotFound, Refused
from domains.kernel.messages import context, publish
from domains.kernel.tenancy import Actor, Scope

from .. import queries
from ..events import Recipient, SupportAccessChanged
from ..models import Login, Membership, Organisation, SupportGrant, SupportUse, User
from ..policy import SUPPORT_AREAS
from .trail import note

HOURS = (1, 24, 168)  # an hour, a day, a week
EMERGENCY_HOURS = 1


def grant_access(
    session: Session,
    *,
    scope: Scope,
    grant_id: UUID,
    customer_id: UUID,
    hours: int,
    areas: Sequence[str],
    reason: str,
    by: Actor,
    case_id: UUID | None = None,
) -> SupportGrant:
    """Let the operator's staff look at a customer's pages for a time. The same grant twice is one."""
    owner = queries.organisation(session, scope, customer_id)
    facts = {"granted_name": by.name, "expires_at": clock.now(session) + timedelta(hours=_checked_hours(hours))}
    grant, made = _new(session, grant_id, owner, "granted", hours, areas, reason, case_id, **facts)
    if not made:
        return grant
    _note(session, "users.grant_support", grant)
    return grant


def request_access(
    session: Session,
    *,
    grant_id: UUID,
    customer_id: UUID,
    hours: int,
    areas: Sequence[str],
    reason: str,
    by: Actor,
    case_id: UUID | None = None,
) -> SupportGrant:
    """Ask a customer for access, as one of the operator's staff. Its owners are told, with the reason.

    Raises Conflict while an earlier request of the same person waits for an answer.
    """
    owner = queries.organisation(session, Scope.operator(), customer_id)
    asked = select(SupportGrant).where(SupportGrant.customer_id == customer_id, SupportGrant.state == "asked")
    if session.scalars(asked.where(SupportGrant.asked_by == UUID(by.id))).first() is not None:
        raise Conflict(N_("You have asked them already; they have not answered yet."), code="support_access_asked")
    facts = {"asked_by": UUID(by.id), "asked_name": by.name}
    grant, made = _new(session, grant_id, owner, "asked", hours, areas, reason, case_id, **facts)
    if not made:
        return grant
    _note(session, "users.request_support", grant)
    _tell(session, grant, owner, "asked", by.name)
    return grant


def answer_request(
    session: Session,
    *,
    scope: Scope,
    grant_id: UUID,
    allow: bool,
    by: Actor,
    hours: int | None = None,
    areas: Sequence[str] | None = None,
) -> SupportGrant:
    """Say yes (perhaps for a shorter time or to less) or no to a request. Raises Conflict when it was answered."""
    grant = _locked(session, scope, grant_id)
    if grant.state != "asked":
        raise Conflict(N_("This request was answered already."), code="support_access_answered")
    grant.state, grant.granted_name = "granted" if allow else "declined", by.name
    grant.hours = _checked_hours(hours) if hours is not None else grant.hours
    grant.areas = _checked_areas(areas) if areas is not None else grant.areas
    grant.version += 1
    if allow:
        grant.expires_at = clock.now(session) + timedelta(hours=grant.hours)
    _note(session, "users.answer_support", grant)
    return grant


def take_emergency_access(
    session: Session, *, grant_id: UUID, customer_id: UUID, reason: str, by: Actor
) -> SupportGrant:
    """Take access for an hour without asking, as an administrator: reading only, with a reason, and they are told.

    The same form twice is one.
    """
    owner = queries.organisation(session, Scope.operator(), customer_id)
    facts = {"emergency": True, "asked_by": UUID(by.id), "asked_name": by.name}
    facts["expires_at"] = clock.now(session) + timedelta(hours=EMERGENCY_HOURS)
    grant, made = _new(session, grant_id, owner, "granted", EMERGENCY_HOURS, (), reason, None, **facts)
    if not made:
        return grant
    _note(session, "users.grant_support", grant)
    _tell(session, grant, owner, "emergency", by.name)
    return grant


def end_access(session: Session, *, scope: Scope, grant_id: UUID, by: Actor) -> list[UUID]:
    """End an access, or take a request back; returns the logins that act under it, whose rights end with it.

    One that has ended stays ended.
    """
    grant = _locked(session, scope, grant_id)
    if grant.state in ("asked", "granted") and grant.ended_at is None:
        grant.state, grant.ended_at, grant.ended_name = "ended", clock.now(session), by.name
        grant.version += 1
        _note(session, "users.end_support", grant)
    logins = list(session.scalars(select(Login).where(Login.grant_id == grant_id)))
    for login in logins:
        login.acting_for, login.grant_id = None, None
        login.epoch += 1
    return [login.id for login in logins]


def use_access(session: Session, *, customer_id: UUID, user_id: UUID) -> SupportGrant:
    """The access under which one of the staff may act for a customer, the widest first; their use of it is kept.

    Refused when there is none.
    """
    now = clock.now(session)
    query = select(SupportGrant).where(SupportGrant.customer_id == customer_id, SupportGrant.state == "granted")
    theirs = or_(SupportGrant.asked_by.is_(None), SupportGrant.asked_by == user_id)
    found = session.scalars(query.where(theirs, SupportGrant.expires_at > now)).all()
    live = sorted(found, key=lambda one: (len(one.areas), one.expires_at or now))
    if not live:
        raise Refused(
            N_("This customer has not let you in: ask for support access, and give the reason."),
            code="support_access_needed", field="customer",
        )  # fmt: skip
    name = context().actor.name
    session.add(SupportUse(
        id=new_id(), grant_id=live[-1].id, customer_id=customer_id, reseller_id=live[-1].reseller_id, user_id=user_id,
        user_name=name, at=now,
    ))  # fmt: skip
    return live[-1]


def _new(
    session: Session,
    grant_id: UUID,
    owner: Organisation,
    state: str,
    hours: int,
    areas: Sequence[str],
    reason: str,
    case_id: UUID | None,
    **facts: Any,
) -> tuple[SupportGrant, bool]:
    """An access or request, and whether it is new. NotFound when its id is of another customer's, or of another kind.

    Whoever sends a form twice means one thing.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(N_("Say why: the reason is kept and shown."), code="reason_missing", field="reason")
    if len(reason) > 500:
        raise Invalid(N_("The reason is too long: use at most 500 characters."), code="reason_too_long", field="reason")
    row = {
        "id": grant_id, "customer_id": owner.customer_id, "reseller_id": owner.reseller_id, "state": state,
        "asked_by": None, "asked_name": "", "case_id": case_id, "reason": reason, "hours": _checked_hours(hours),
        "areas": _checked_areas(areas), "emergency": False, "granted_name": "", "created_at": clock.now(session),
        "expires_at": None, "ended_at": None, "ended_name": "", "version": 1,
    } | facts  # fmt: skip
    made = insert_new(session, SupportGrant.__table__, row, "id")
    found = session.get(SupportGrant, grant_id)
    same = ("customer_id", "asked_by", "emergency")
    if found is None or any(getattr(found, name) != row[name] for name in same):
        raise NotFound("There is no such support access.", code="support_grant_not_found", field="grant_id")
    return found, made


def _checked_hours(hours: int) -> int:
    if hours not in HOURS:
        raise Invalid(N_("Choose an hour, a day or a week."), code="hours_invalid", field="hours")
    return hours


def _checked_areas(areas: Sequence[str]) -> list[str]:
    if not set(areas) <= set(SUPPORT_AREAS):
        raise Invalid(N_("This is nothing that support could change."), code="area_invalid", field="areas")
    return sorted(set(areas))


def _locked(session: Session, scope: Scope, grant_id: UUID) -> SupportGrant:
    query = select(SupportGrant).where(SupportGrant.id == grant_id, scope.covers(SupportGrant))
    grant: SupportGrant | None = session.scalars(locked(query, SupportGrant)).one_or_none()
    if grant is None:
        raise _not_there()
    return grant


def _not_there() -> NotFound:
    return NotFound("There is no such support access.", code="support_grant_not_found", field="grant")


def _note(session: Session, action: str, grant: SupportGrant) -> None:
    until: datetime | None = grant.expires_at
    told = {"state": grant.state, "hours": grant.hours, "areas": grant.areas, "reason": grant.reason, "until": until}
    if grant.emergency:
        told["emergency"] = True
    note(session, action, grant.customer_id, ("support_grant", grant.id), after=told)


def _tell(session: Session, grant: SupportGrant, owner: Organisation, what: str, who: str) -> None:
    """Have a customer's owners told at once."""
    owners = select(User).join(Membership, Membership.user_id == User.id)
    owners = owners.where(Membership.customer_id == owner.customer_id, Membership.role == "owner")
    found = session.scalars(owners.where(Membership.state == "active").order_by(User.id)).all()
    told = tuple(Recipient(one.id, one.name, one.email, one.language) for one in found)
    facts = (grant.id, owner.customer_id, owner.reseller_id, owner.name, what, who, grant.reason, grant.hours)
    publish(session, SupportAccessChanged(grant.version, *facts, told))
