"""Who is calling: the browser's login token and the program's access token, turned into a Caller, and undone in time.

A login or program has an epoch, which every change of its rights raises: sign-out, disabling, rotation, acting for
another. What this process remembers of a token holds only while the epoch is the same, and the epoch it compares with
is never older than one second: Redis keeps it that long for all processes, and the database answers when Redis does
not. So an end takes hold everywhere within a second, also when Redis was away at that moment.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.crypto import digest, token
from domains.kernel.database import new_id
from domains.kernel.errors import Refused
from domains.kernel.redis import client as redis
from domains.kernel.tenancy import Actor, Caller, Scope

from . import commands
from .models import STAFF, ApiClient, Login, Membership, Organisation, User, db, scopes_of

EPOCH_LASTS = 1000  # milliseconds
REMEMBERED = 60.0  # seconds until a token is looked up anew although its epoch is the same
ACCESS_LASTS = 600  # seconds
IDLE = timedelta(hours=8)
SEEN_EVERY = timedelta(minutes=1)


@dataclass
class Known:
    """What this process remembers of a token."""

    caller: Caller
    kind: str
    id: str
    epoch: int
    until: float


class Memory:
    """The tokens that a process has seen lately, by their digest; bounded, oldest forgotten first."""

    def __init__(self, most: int = 10_000) -> None:
        self._known, self._most, self._lock = {}, most, threading.Lock()

    _known: dict[str, Known]

    def get(self, key: str) -> Known | None:
        """What is remembered, while it holds."""
        known = self._known.get(key)
        if known is None or known.until < time.monotonic() or current_epoch(known.kind, known.id) != known.epoch:
            return None
        return known

    def put(self, key: str, known: Known) -> None:
        """Remember a token."""
        with self._lock:
            while len(self._known) >= self._most:
                self._known.pop(next(iter(self._known)))
            self._known[key] = known


memory = Memory()


def current_epoch(kind: str, id: str) -> int:
    """The epoch of a login or client, at most a second old; -1 when it has ended."""
    key = f"cloudsales:epoch:{kind}:{id}"
    try:
        found = redis().get(key)
        if found is not None:
            return int(found)
    except RedisError:
        return _stored_epoch(kind, id)
    epoch = _stored_epoch(kind, id)
    with suppress(RedisError):  # the next one asks the database again
        redis().set(key, epoch, px=EPOCH_LASTS)
    return epoch


def _stored_epoch(kind: str, id: str) -> int:
    with db.begin_read() as session:
        if kind == "login":
            login = session.get(Login, UUID(id))
            return login.epoch if login is not None and login.revoked_at is None else -1
        found = session.get(ApiClient, id)
        return found.epoch if found is not None and found.status == "active" else -1


def forget_epoch(kind: str, id: str) -> None:
    """Make a change of rights hold at once; without it, it holds within a second."""
    with suppress(RedisError):
        redis().delete(f"cloudsales:epoch:{kind}:{id}")


def sign_in(*, email: str, password: str, ip: str, user_agent: str) -> commands.SignedIn:
    """Let a person in. Refused in the same words for whatever was wrong; failures count even so."""
    with db.begin() as session:
        outcome = commands.sign_in(session, email=email, password=password, ip=ip, user_agent=user_agent)
    if isinstance(outcome, commands.SignedIn):
        return outcome
    if outcome.code == "too_many_attempts":
        raise Refused(
            "Too many tries. Wait a little, then try again.", code=outcome.code, retry_after=outcome.retry_after
        )
    raise Refused("Check your e-mail address and password", code=outcome.code, field="password")


def caller_of_login(text: str) -> Caller | None:
    """The person behind a browser's token; None when it is unknown, ended, idle for 8 hours or 20 hours old."""
    key = digest(text)
    known = memory.get(key)
    if known is not None:
        return known.caller
    with db.begin_read() as session:
        login = session.scalars(select(Login).where(Login.token_hash == key)).one_or_none()
        if login is None or login.revoked_at is not None:
            return None
        now = clock.now(session)
        if login.expires_at <= now or login.last_seen_at + IDLE <= now:
            return None
        caller = _person(session, login)
    if caller is not None:
        memory.put(key, Known(caller, "login", str(login.id), login.epoch, time.monotonic() + REMEMBERED))
    if now - login.last_seen_at > SEEN_EVERY:
        with db.begin() as session:
            session.execute(Login.__table__.update().where(Login.id == login.id).values(last_seen_at=now))
    return caller


def _person(session: Session, login: Login) -> Caller | None:
    user = session.get(User, login.user_id)
    if user is None or user.status != "active":
        return None
    members = session.scalars(select(Membership).where(Membership.user_id == user.id)).all()
    active = {member.customer_id: member for member in members if member.state == "active"}
    known = _preferences(user) | {"invitations": str(sum(member.state == "invited" for member in members))}
    if login.customer_id == user.id:
        return _guest(user, login, known)
    own, member = session.get(Organisation, login.customer_id), active.get(login.customer_id)
    if own is None or member is None:
        return None
    home = home_scope(own, member.role)
    acting = session.get(Organisation, login.acting_for) if login.acting_for else None
    if acting is not None and not home.allows(acting.customer_id, acting.reseller_id):
        acting = None
    shown = acting or own
    known |= {"region": shown.region} | _home(own.customer_id, own.name, own.kind)
    return Caller(
        actor=Actor("user", str(user.id), user.name), scope=Scope.customer(acting.customer_id) if acting else home,
        customer_id=None if home.kind == "operator" and acting is None else shown.customer_id, customer_kind=shown.kind,
        customer_name=shown.name, roles=(member.role,), scopes=scopes_of(member.role), login_id=str(login.id),
        preferences=known, reseller_id=shown.reseller_id,
    )  # fmt: skip


def _guest(user: User, login: Login, known: dict[str, str]) -> Caller:
    """A person who is invited only: a scope of their own id covers nobody's rows, and they have no rights."""
    return Caller(
        actor=Actor("user", str(user.id), user.name), scope=Scope.customer(user.id), customer_id=None, customer_kind="",
        customer_name="", roles=(), scopes=frozenset(), login_id=str(login.id),
        preferences=known | {"region": ""} | _home(user.id, "", ""),
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


def _home(customer_id: UUID, name: str, kind: str) -> dict[str, str]:
    return {"home_customer_id": str(customer_id), "home_customer_name": name, "home_kind": kind}


# ---- programs


def live_client(client_id: str) -> ApiClient | None:
    """The program with this id, unless it is disabled."""
    if not client_id.isprintable():
        return None  # no id of ours; PostgreSQL could not even look for it
    with db.begin_read() as session:
        found = session.get(ApiClient, client_id)
        return found if found is not None and found.status == "active" else None


def issue_access_token(client: ApiClient, scopes: list[str]) -> dict[str, Any]:
    """An access token (RFC 9068) for a program, signed with ES256, for ten minutes."""
    settings = config.current()
    with db.begin_read() as session:
        moment = int(clock.now(session).timestamp())
    claims = {
        "iss": settings.public_url, "aud": audience(), "sub": client.id, "client_id": client.id, "iat": moment,
        "exp": moment + ACCESS_LASTS, "jti": str(new_id()), "scope": " ".join(sorted(scopes)), "epoch": client.epoch,
    }  # fmt: skip
    text = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": _key().kid}, claims, _key())
    return {"access_token": text, "token_type": "Bearer", "expires_in": ACCESS_LASTS, "scope": claims["scope"]}


def audience() -> str:
    """Whom access tokens are for."""
    return f"{config.current().public_url}/api"


def _key() -> ECKey:
    key = ECKey.import_key(json.loads(config.current().token_key))
    key.ensure_kid()
    return key


def jwks() -> dict[str, Any]:
    """The public key that access tokens are verified with."""
    public = _key().as_dict(private=False)
    return {"keys": [{**public, "use": "sig", "alg": "ES256"}]}


def caller_of_bearer(text: str) -> Caller | None:
    """The program behind an access token; None when the token is forged, late, for somebody else, or ended."""
    key = digest(text)
    known = memory.get(key)
    if known is not None:
        return known.caller
    claims = _verified(text)
    if claims is None:
        return None
    with db.begin_read() as session:
        found = session.get(ApiClient, claims["client_id"])
        if found is None or found.status != "active" or found.epoch != claims["epoch"]:
            return None
        caller = _program(session, found, claims["scope"].split())
    until = time.monotonic() + min(REMEMBERED, claims["exp"] - time.time())
    memory.put(key, Known(caller, "client", found.id, found.epoch, until))
    return caller


def _verified(text: str) -> dict[str, Any] | None:
    try:
        decoded = jwt.decode(text, _key(), algorithms=["ES256"])
        if decoded.header.get("typ") != "at+jwt":
            return None
        jwt.JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": config.current().public_url},
            aud={"essential": True, "value": audience()},
            exp={"essential": True},
        ).validate(decoded.claims)
    except (JoseError, ValueError):
        return None
    return decoded.claims


def _program(session: Session, client: ApiClient, scopes: list[str]) -> Caller:
    own = session.get_one(Organisation, client.customer_id)
    scope = own.scope_of_program(frozenset(client.scopes))
    preferences = {"language": "en", "formats": "en_GB", "zone": "UTC", "region": own.region}
    preferences |= _home(own.customer_id, own.name, own.kind)
    return Caller(
        actor=Actor("client", client.id, client.name), scope=scope, customer_id=own.customer_id, customer_kind=own.kind,
        customer_name=own.name, roles=("client",), scopes=frozenset(scopes) & frozenset(client.scopes),
        login_id=client.id, preferences=preferences, reseller_id=own.reseller_id,
    )  # fmt: skip


def new_client_id(region: str) -> str:
    """An id for a program: the region's name stands in front, so that it is known where the program belongs."""
    return f"{region}_{token(120)}"


def new_secret() -> str:
    """A secret for a program, with a prefix by which scanners find it where it should not be."""
    return f"css_{token()}"
