"""Texts that look like tokens: signed rightly, wrongly, or by whoever pleases."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from domains.kernel import config
from domains.kernel.crypto import token
from domains.users.tokens import audience
from domains.users.tokens.keys import signing_key

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def part(found: Any) -> str:
    return urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"=").decode()


def a_token(client_id: str, header: Any = None, key: ECKey | None = None, **but: Any) -> str:
    """An access token as we would issue it now, but for what is said; None takes a claim away."""
    now = int(time.time())
    claims = {
        "iss": config.current().public_url, "aud": audience(), "sub": client_id, "client_id": client_id, "iat": now,
        "exp": now + 600, "jti": token(), "scope": "orders:read", "epoch": 1,
    } | but  # fmt: skip
    kept = {name: value for name, value in claims.items() if value is not None}
    head = {"alg": "ES256", "typ": "at+jwt", "kid": str(signing_key().kid)} | (header or {})
    return jwt.encode(head, kept, key or signing_key(), algorithms=["ES256"])


def unsigned(signed: str, alg: str = "none") -> str:
    """The same without a signature."""
    head = {"alg": alg, "typ": "at+jwt", "kid": str(signing_key().kid)}
    return f"{part(head)}.{signed.split('.')[1]}."


def confused(signed: str, key: ECKey | None = None) -> str:
    """The same with a signature by HMAC, whose secret is the public key, as everybody can read it."""
    head = part({"alg": "HS256", "typ": "at+jwt", "kid": str(signing_key().kid)})
    text = f"{head}.{signed.split('.')[1]}"
    mac = hmac.new((key or signing_key()).as_pem(private=False), text.encode(), "sha256").digest()
    return f"{text}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def tampered(signed: str, **claims: Any) -> str:
    """The same with another body."""
    head, body, signature = signed.split(".")
    read = json.loads(urlsafe_b64decode(body + "=="))
    return f"{head}.{part(read | claims)}.{signature}"


def a_statement(client_id: str, key: Any, alg: str = "ES256", header: Any = None, **but: Any) -> str:
    """A program's signed statement of who it is."""
    now = int(time.time())
    claims = {
        "iss": client_id, "sub": client_id, "aud": f"{config.current().public_url}/oauth2/token", "iat": now,
        "exp": now + 120, "jti": token(),
    } | but  # fmt: skip
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg} | (header or {}), kept, key, algorithms=[alg])
