"""Access tokens of programs: issued for ten minutes, verified, and read."""

from __future__ import annotations

import json
import time
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from domains.kernel import clock, config
from domains.kernel.crypto import digest, token
from domains.kernel.database import new_id
from domains.kernel.tenancy import Actor, Caller

from ..models import ApiClient, Organisation, db
from .epochs import REMEMBERED, Known, memory
from .logins import home_of

ACCESS_LASTS = 600  # seconds


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
