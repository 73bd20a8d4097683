"""Whose data there is, and whose was erased."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domains.kernel.errors import N_ as N_
from domains.kernel.errors import NotFound, Refused
from domains.kernel.paging import Page, page
from domains.kernel.personal import Whom
from domains.kernel.scrubbing import ERASED_NAME
from domains.kernel.tenancy import Scope

from ..models import ApiClient, Erasure, Membership, Organisation, User
from .people import oneself


def whom(session: Session, scope: Scope, user_id: UUID) -> Whom:
    """Somebody as all domains can find them, for who may act for every organisation they belong to.

    NotFound for a person outside the scope; refused for one who also belongs to an organisation outside it.
    """
    members = session.scalars(select(Membership).where(Membership.user_id == user_id)).all()
    user = session.get(User, user_id)
    inside = [member for member in members if scope.allows(member.customer_id, member.reseller_id)]
    if user is None or not any(member.state != "invited" for member in inside):
        raise NotFound("There is no such user.", code="user_not_found", field="user_id")
    if len(inside) < len(members):
        raise Refused(
            N_("They also belong to another organisation, so only they themselves can ask for this."),
            code="belongs_elsewhere", field="user_id",
        )  # fmt: skip
    return _whom(session, user, members)


def oneself_as_whom(session: Session, user_id: UUID) -> Whom:
    """The person who is signed in, as all domains can find them."""
    members = session.scalars(select(Membership).where(Membership.user_id == user_id)).all()
    return _whom(session, oneself(session, user_id), members)


def _whom(session: Session, user: User, members: Sequence[Membership]) -> Whom:
    names = {user.name, *(member.invited_name or "" for member in members)} - {"", ERASED_NAME}
    names -= _of_others(session, user.id, names, [member.customer_id for member in members])
    emails = {user.email, user.email_key, *(member.invited_email or "" for member in members)} - {""}
    return Whom(user.id, tuple(sorted(names)), tuple(sorted(emails)), tuple(sorted(one.customer_id for one in members)))


def _of_others(session: Session, user_id: UUID, names: set[str], customer_ids: list[UUID]) -> set[str]:
    """Names that colleagues, programs or staff are called by, too. Anybody can call themselves so: nothing is found by
    such a name, or it would open, and erase, what others have written."""
    called = select(User.name, Membership.invited_name).join(Membership, Membership.user_id == User.id)
    called = called.join(Organisation, Organisation.customer_id == Membership.customer_id)
    called = called.where(User.id != user_id, or_(User.name.in_(names), Membership.invited_name.in_(names)))
    called = called.where(or_(Membership.customer_id.in_(customer_ids), Organisation.kind == "operator"))
    programs = select(ApiClient.name).where(ApiClient.customer_id.in_(customer_ids), ApiClient.name.in_(names))
    return {name or "" for row in session.execute(called) for name in row} | set(session.scalars(programs))


def list_erasures(session: Session, scope: Scope, *, cursor: str | None = None, limit: int = 50) -> Page[Erasure]:
    """Proofs that people were erased, newest first."""
    query = select(Erasure).where(scope.covers(Erasure))
    return page(session, query, Erasure.id, cursor=cursor, limit=limit, filters={})
