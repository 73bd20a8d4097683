"""Access tokens of programs: issued for ten minutes, and read; who holds one is known by it."""

from __future__ import annotations

import time
from typing import Any

from joserfc import jwt
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.crypto import digest, token
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Caller

from .. import commands
from ..models import ApiClient, Credential, Organisation, db
from .epochs import REMEMBERED, Known, memory
from .keys import signing_key
from .logins import home_of
from .proving import Untrue, audience, verified_claims
from .refusals import note_refusal

ACCESS_LASTS = 600  # seconds


def live_client(client_id: str) -> ApiClient | None:
    """The program with this id, unless it is disabled."""
    if not client_id.isprintable():
        return None  # no id of ours; PostgreSQL could not even look for it
    with db.begin_read() as session:
        found = session.get(ApiClient, client_id)
        return found if found is not None and found.status == "active" else None


def note_use(client: ApiClient, credential: Credential) -> None:
    """Remember that a secret or key was used, once a minute: the owner sees which one can go."""
    with db.begin_read() as session:
        now = clock.now(session)
    if credential.last_used_at is None or now - credential.last_used_at >= commands.USE_NOTED:
        with db.begin() as session:
            commands.note_use(session, client_id=client.id, credential_id=credential.id)


def issue_access_token(client: ApiClient, scopes: list[str]) -> dict[str, Any]:
    """An access token (RFC 9068) for a program, signed with ES256, for ten minutes."""
    settings = config.current()
    with db.begin_read() as session:
        moment = int(clock.now(session).timestamp())
    claims = {
        "iss": settings.public_url, "aud": audience(), "sub": client.id, "client_id": client.id, "iat": moment,
        "exp": moment + ACCESS_LASTS, "jti": str(new_id()), "scope": " ".join(sorted(scopes)), "epoch": client.epoch,
    }  # fmt: skip
    key = signing_key()
    text = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": str(key.kid)}, claims, key)
    return {"access_token": text, "token_type": "Bearer", "expires_in": ACCESS_LASTS, "scope": claims["scope"]}


def caller_of_bearer(text: str, place: str = "") -> Caller | None:
    """The program behind an access token; None when the token is forged, late, for somebody else, or ended.

    Why it is refused stands in the trail of the customer whose program it names, with the place it came from.
    """
    key = digest(text)
    known = memory.get(key)
    if known is not None:
        return known.caller
    try:
        claims = verified_claims(text)
        with db.begin_read() as session:
            found = _live(session, claims)
            caller = _program(session, found, claims["scope"].split())
    except Untrue as no:
        note_refusal("users.refuse_token", no.why, client_id=no.client_id, ip=place)
        return None
    until = time.monotonic() + min(REMEMBERED, claims["exp"] - time.time())
    if caller.ahead is None:  # a sandbox's clock, once moved, has moved for the next request
        memory.put(key, Known(caller, "client", found.id, found.epoch, until))
    return caller


def _live(session: Session, claims: dict[str, Any]) -> ApiClient:
    client_id = str(claims.get("client_id"))
    found = session.get(ApiClient, client_id)
    if found is None or found.status != "active":
        raise Untrue("client_disabled" if found is not None else "client_unknown", client_id)
    if found.epoch != claims.get("epoch"):
        raise Untrue("revoked", client_id)
    return found


def own_token(text: str, client: ApiClient) -> bool:
    """Whether this is a token of ours that this program still holds."""
    try:
        claims = verified_claims(text)
    except Untrue:
        return False
    return bool(claims.get("client_id") == client.id and claims.get("epoch") == client.epoch)


def _program(session: Session, client: ApiClient, scopes: list[str]) -> Caller:
    own = session.get_one(Organisation, client.customer_id)
    scope = own.scope_of_program(frozenset(client.scopes))
    preferences = {"language": "en", "formats": "en_GB", "zone": "UTC"} | own.told
    preferences |= home_of(own.customer_id, own.name, own.kind)
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
