"""The internal assertion: who is calling, signed by `users` for at most a minute and for one surface.

Portal and API trust this and nothing else. The gateway (or the middleware that stands in for it) strips it from
outside requests and puts it on for each authenticated one.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from .tenancy import Caller

HEADER = "X-CloudSales-Assertion"
LIFETIME = 60  # seconds
KIND = "assertion+jwt"  # so that nothing else that is signed can pass for one


def mint(key: str, caller: Caller, audience: str) -> str:
    """Sign who is calling for one surface (`portal` or `api`)."""
    moment = int(time.time())
    claims: dict[str, Any] = {"iss": "users", "aud": audience, "iat": moment, "exp": moment + LIFETIME}
    claims["caller"] = msgspec.to_builtins(caller)
    return jwt.encode({"alg": "HS256", "typ": KIND}, claims, OctKey.import_key(key))


def verify(key: str, text: str, audience: str) -> Caller | None:
    """The caller an assertion states, or None when it is forged, late, or meant for another surface."""
    try:
        token = jwt.decode(text, OctKey.import_key(key), algorithms=["HS256"])
        claims = jwt.JWTClaimsRegistry(
            leeway=5,  # seconds two machines' clocks may differ
            iss={"essential": True, "value": "users"},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        claims.validate(token.claims)
        return msgspec.convert(token.claims.get("caller"), Caller) if token.header.get("typ") == KIND else None
    except (JoseError, ValueError):
        return None
