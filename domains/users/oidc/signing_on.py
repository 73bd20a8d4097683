"""A person goes to their provider and comes back with a code: what that proves (OpenID Connect Core 3.1).

Code flow only, with state, nonce and PKCE S256. What comes back must be of the provider that was asked (RFC 9207), and
the ID token must be signed by one of its keys, for us, with our nonce.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domains.kernel import outbound
from domains.kernel.columns import cut
from domains.kernel.crypto import token
from domains.kernel.errors import Invalid

from ..models import is_address
from .discovery import SIGNED_BY, fetched
from .failures import SignOnFailed

SCOPE = "openid email profile"
LATEST = 1 << 36  # seconds; beyond it is no year that a calendar has
LEEWAY = 60  # seconds that a provider's clock may differ
ENTRA = "https://login.microsoftonline.com/"


@dataclass(frozen=True)
class Connection:
    """A customer's provider as we ask it; the secret is open here and stands nowhere else."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    provider: dict[str, Any]
    redirect_uri: str


@dataclass(frozen=True)
class Begun:
    """Where a person is sent, and what must come back with them."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identified:
    """Who a provider says somebody is."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
    amr: tuple[str, ...]
    auth_time: int


def _session(connection: Connection) -> OAuth2Session:
    made = OAuth2Session(
        connection.client_id, connection.client_secret, scope=SCOPE, redirect_uri=connection.redirect_uri,
        token_endpoint_auth_method=connection.provider["token_endpoint_auth_method"], code_challenge_method="S256",
    )  # fmt: skip
    return outbound.guarded(made)


def begin(connection: Connection, *, anew: bool = False, hint: str = "") -> Begun:
    """Send a person to their provider. `anew`: it must ask them again who they are, however lately it has."""
    state, nonce, verifier = token(), token(), token(384)
    more: dict[str, Any] = {"prompt": "login", "max_age": 0} if anew else {}
    more |= {"login_hint": hint} if hint else {}
    endpoint = connection.provider["authorization_endpoint"]
    with _session(connection) as session:
        address, _ = session.create_authorization_url(
            endpoint, state=state, nonce=nonce, code_verifier=verifier, **more
        )
    return Begun(address, state, nonce, verifier)


def identified(
    connection: Connection, answer: Mapping[str, str], *, nonce: str, verifier: str, asked_anew_at: int | None = None
) -> Identified:
    """Who has come back. Raises SignOnFailed when the answer is not this provider's, says no, or proves nothing."""
    named = answer.get("iss")
    if named != connection.issuer and (named is not None or connection.provider["names_itself"]):
        raise SignOnFailed("mixed_up")
    if "error" in answer:
        raise SignOnFailed("said_no", "".join(c for c in answer["error"] if c.isalnum() or c in "_-")[:60])
    if not answer.get("code"):
        raise SignOnFailed("no_code")
    with _session(connection) as session:
        given = _exchanged(session, connection, answer["code"], verifier)
        claims = _believed(connection, given, nonce)
        if "email" not in claims and "userinfo_endpoint" in connection.provider:
            claims |= _userinfo(session, connection, claims["sub"])
    return person_of(connection, claims, asked_anew_at)


def _exchanged(session: OAuth2Session, connection: Connection, code: str, verifier: str) -> dict[str, Any]:
    address = connection.provider["token_endpoint"]
    try:
        given = session.fetch_token(address, grant_type="authorization_code", code=code, code_verifier=verifier)
    except OAuthError as no:
        raise SignOnFailed("code_refused", str(no.error)[:60]) from None
    except (requests.RequestException, ValueError):
        raise SignOnFailed("provider_silent") from None
    if not isinstance(given.get("id_token"), str):
        raise SignOnFailed("no_id_token")
    found: dict[str, Any] = given
    return found


def _believed(connection: Connection, given: dict[str, Any], nonce: str) -> dict[str, Any]:
    """The claims of an ID token that its issuer has signed for us, now, in answer to what we asked."""
    options: Any = {
        "iss": {"essential": True, "value": connection.issuer}, "sub": {"essential": True},
        "aud": {"essential": True, "value": connection.client_id}, "nonce": {"essential": True},
    }  # fmt: skip
    asked = {"nonce": nonce, "client_id": connection.client_id, "access_token": given.get("access_token")}
    try:
        keys = KeySet.import_key_set(fetched(connection.provider["jwks_uri"]))  # type: ignore[arg-type]
        decoded = jwt.decode(given["id_token"], keys, algorithms=list(SIGNED_BY))
        claims = CodeIDToken(decoded.claims, decoded.header, options, asked)
        claims.validate(leeway=LEEWAY)
    except Invalid:
        raise SignOnFailed("provider_silent") from None
    except (JoseError, ValueError, TypeError, KeyError) as no:
        raise SignOnFailed("not_proven", type(no).__name__) from None
    return dict(claims)


def _userinfo(browser: OAuth2Session, connection: Connection, subject: str) -> dict[str, Any]:
    try:
        answer = browser.get(connection.provider["userinfo_endpoint"])
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError, OAuthError):
        raise SignOnFailed("provider_silent") from None
    if not isinstance(found, dict) or found.get("sub") != subject:  # Core 5.3.2
        raise SignOnFailed("mixed_up")
    return {name: found[name] for name in ("email", "email_verified", "name") if name in found}


def person_of(connection: Connection, claims: dict[str, Any], asked_anew_at: int | None = None) -> Identified:
    """Who somebody is by what their provider claims. Raises SignOnFailed for what names nobody, or is too old."""
    subject, when = str(claims["sub"]), claims.get("auth_time")
    if not 1 <= len(subject) <= 255 or _plain(subject) != subject:
        raise SignOnFailed("not_proven", "sub")
    at = int(when) if isinstance(when, (int, float)) and 0 < when < LATEST else 0
    if asked_anew_at is not None and at < asked_anew_at - LEEWAY:
        raise SignOnFailed("not_anew")
    verified = claims.get("email_verified") is True
    if connection.issuer.startswith(ENTRA):  # Entra has no email_verified; this optional claim says as much
        verified = verified or claims.get("xms_edov") in (True, 1, "1", "true")
    email, methods = _plain(str(claims.get("email") or "")).strip(), claims.get("amr")
    return Identified(
        connection.issuer, subject, email if is_address(email) else "", verified,
        cut(" ".join(_plain(str(claims.get("name") or "")).split()), 200),
        tuple(_plain(str(one))[:20] for one in methods[:8]) if isinstance(methods, list) else (), at,
    )  # fmt: skip


def _plain(text: str) -> str:
    """A text without what databases cannot keep: NUL, and halves of letters."""
    return text.replace("\0", "").encode(errors="ignore").decode()
