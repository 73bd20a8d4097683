"""The person behind a browser's login token."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.crypto import digest
from domains.kernel.tenancy import Actor, Caller, Scope

from .. import commands, queries
from ..models import Login, Membership, Organisation, SupportGrant, User, db
from ..policy import STAFF, scopes_of, staff_scopes
from ..queries import IDLE_LASTS
from .epochs import REMEMBERED, Known, memory

SEEN_EVERY = timedelta(minutes=1)


def caller_of_login(text: str) -> Caller | None:
    """The person behind a browser's token; None when it is unknown, ended, idle for 8 hours or 20 hours old.

    Who shows one that was ended leaves an entry in the trail, one an hour.
    """
    key = digest(text)
    known = memory.get(key)
    if known is not None:
        return known.caller
    with db.begin_read() as session:
        login, now = session.scalars(select(Login).where(Login.token_hash == key)).one_or_none(), clock.now(session)
        stolen = login is not None and login.revoked_at is not None and _unnoted(session, login, now)
        good = login is not None and login.revoked_at is None and login.state == "active" and _is_fresh(login, now)
        caller = _person(session, login, now) if login is not None and good else None
    if login is not None and stolen:
        with db.begin() as session:
            commands.note_ended_login(session, login_id=login.id)
    if login is None or not good:
        return None
    if caller is not None and caller.ahead is None:  # a sandbox's clock, once moved, has moved for the next request
        lasts = min(REMEMBERED, seconds_granted(caller, now))
        memory.put(key, Known(caller, "login", str(login.id), login.epoch, time.monotonic() + lasts))
    if now - login.last_seen_at > SEEN_EVERY:
        with db.begin() as session:
            session.execute(Login.__table__.update().where(Login.id == login.id).values(last_seen_at=now))
    return caller


def _is_fresh(login: Login, now: datetime) -> bool:
    return login.expires_at > now and login.last_seen_at + IDLE_LASTS > now


def _unnoted(session: Session, login: Login, now: datetime) -> bool:
    """Whether the trail does not say yet that this login's token was shown after its end."""
    noted = db.idempotency.select().where(db.idempotency.c.key == commands.ended_login_key(login.id, now))
    return session.execute(noted).first() is None


def _person(session: Session, login: Login, now: datetime) -> Caller | None:
    user = session.get(User, login.user_id)
    if user is None or user.status != "active":
        return None
    members = session.scalars(select(Membership).where(Membership.user_id == user.id)).all()
    active = {member.customer_id: member for member in members if member.state == "active"}
    known = _preferences(user) | {"invitations": str(_invitations(login, members))}
    if login.customer_id == user.id:
        return _guest(user, login, known)
    own, member = session.get(Organisation, login.customer_id), active.get(login.customer_id)
    if own is None or member is None or not commands.may_work(session, login, member):
        return None
    home = home_scope(own, member.role)
    acting = session.get(Organisation, login.acting_for) if login.acting_for else None
    grant = session.get(SupportGrant, login.grant_id) if login.grant_id else None
    if acting is not None and not _lets(home, acting, grant, now):
        acting = None
    shown = acting or own
    known |= _proof(login) | shown.told | home_of(own.customer_id, own.name, own.kind)
    if acting is not None and grant is not None and grant.expires_at is not None:
        known |= {"grant_id": str(grant.id), "grant_until": grant.expires_at.isoformat()}
        known |= {"grant_areas": " ".join(grant.areas)}
    areas = grant.areas if acting is not None and grant is not None else None
    scopes = staff_scopes(member.role, areas) if home.kind == "operator" else scopes_of(member.role)
    return Caller(
        actor=Actor("user", str(user.id), user.name), scope=Scope.customer(acting.customer_id) if acting else home,
        customer_id=None if home.kind == "operator" and acting is None else shown.customer_id, customer_kind=shown.kind,
        customer_name=shown.name, roles=(member.role,), scopes=scopes, login_id=str(login.id),
        preferences=known, reseller_id=shown.reseller_id,
    )  # fmt: skip


def _invitations(login: Login, members: Iterable[Membership]) -> int:
    """How many invitations wait for a person, as far as this login may answer them."""
    return sum(one.state == "invited" and login.sign_on_id in (None, one.customer_id) for one in members)


def _proof(login: Login) -> dict[str, str]:
    """When and by what the person last proved who they are; what is sensitive asks for it anew after a while."""
    moment = login.proved_at.isoformat() if login.proved_at is not None else ""
    by = str(login.sign_on_id) if login.sign_on_id is not None else ""
    return {"proved_at": moment, "amr": " ".join(login.amr or ()), "sign_on": by}


def _lets(home: Scope, acting: Organisation, grant: SupportGrant | None, now: datetime) -> bool:
    """Whether somebody may (still) act for an organisation: staff under its support access only."""
    if home.kind != "operator":
        return home.allows(acting.customer_id, acting.reseller_id)
    return grant is not None and grant.customer_id == acting.customer_id and queries.is_live(grant, now)


def seconds_granted(caller: Caller, now: datetime) -> float:
    """How long what a caller may do can hold at most: until their support access runs out."""
    until = caller.preferences.get("grant_until")
    return (datetime.fromisoformat(until) - now).total_seconds() if until else math.inf


def _guest(user: User, login: Login, known: dict[str, str]) -> Caller:
    """A person who is invited only: a scope of their own id covers nobody's rows, and they have no rights."""
    return Caller(
        actor=Actor("user", str(user.id), user.name), scope=Scope.customer(user.id), customer_id=None, customer_kind="",
        customer_name="", roles=(), scopes=frozenset(), login_id=str(login.id),
        preferences=known | _proof(login) | {"region": ""} | home_of(user.id, "", ""),
    )  # fmt: skip


def home_scope(organisation: Organisation, role: str) -> Scope:
    """What a member of an organisation sees when acting for nobody else."""
    if organisation.kind == "operator" and role in STAFF:
        return Scope.operator()
    if organisation.kind == "reseller":
        return Scope.reseller(organisation.customer_id)
    return Scope.customer(organisation.customer_id)


def _preferences(user: User) -> dict[str, str]:
    return {
        "language": user.language, "formats": user.formats, "zone": user.time_zone, "theme": user.theme,
        "email": user.email,
    }  # fmt: skip


def home_of(customer_id: UUID, name: str, kind: str) -> dict[str, str]:
    """What a caller's preferences say of the organisation they belong to, whoever they act for."""
    return {"home_customer_id": str(customer_id), "home_customer_name": name, "home_kind": kind}
