"""What a signed text proves: an access token of ours, or a program's own statement of who it is (RFC 7523).

Nothing in a text chooses how it is verified: not its algorithm, and no key or address of one that it brings along.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError

from domains.kernel import config

from .. import commands
from ..models import ApiClient, Credential, db
from .keys import ALGORITHMS, KINDS, verifying_key

LONGEST = 8_000  # characters
ASSERTION_LASTS = 300  # seconds, at most
LEEWAY = 5
ASSERTION_ALGORITHMS = sorted(one for known in ALGORITHMS.values() for one in known)
BROUGHT_ALONG = {"jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip"}


class Untrue(Exception):
    """A text that does not prove what it says. `why` is one word; `client_id` is whom it claims to be, unproven."""

    def __init__(self, why: str, client_id: str = "") -> None:
        super().__init__(why)
        self.why, self.client_id = why, client_id


def audience() -> str:
    """Whom access tokens are for."""
    return f"{config.current().public_url}/api"


def _part(text: str) -> dict[str, Any]:
    found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _opened(text: str, subject: str) -> tuple[dict[str, Any], str]:
    """The header of a text, and whom it claims to be of; nothing of it is believed yet."""
    try:
        if len(text) > LONGEST or text.count(".") != 2:
            raise ValueError("not a signed text")
        header, claims = (_part(part) for part in text.split(".")[:2])
    except (ValueError, RecursionError):
        raise Untrue("malformed") from None
    return header, str(claims.get(subject, ""))[:64]


def _check_header(header: dict[str, Any], algorithms: list[str], client_id: str) -> None:
    alg = header.get("alg")
    if alg not in algorithms:
        raise Untrue("alg_none" if str(alg).lower() == "none" else "alg", client_id)
    if BROUGHT_ALONG & set(header):
        raise Untrue("key_brought_along", client_id)


def verified_claims(text: str) -> dict[str, Any]:
    """What an access token of ours says. Raises Untrue for any text that is not one, or holds no longer."""
    header, client_id = _opened(text, "client_id")
    _check_header(header, ["ES256"], client_id)
    key = verifying_key(header.get("kid"))
    if key is None:
        raise Untrue("kid", client_id)
    if header.get("typ") != "at+jwt":
        raise Untrue("typ", client_id)
    expected = {"iss": config.current().public_url, "aud": audience()}
    return _claims(text, key, ["ES256"], expected, client_id)


def _claims(text: str, key: Any, algorithms: list[str], expected: dict[str, Any], client_id: str) -> dict[str, Any]:
    """The claims of a text with this signature; each claim that is expected must be there and as expected."""
    known: dict[str, Any] = {
        name: {"essential": True, "values" if isinstance(value, list) else "value": value}
        for name, value in expected.items()
    }
    try:
        decoded = jwt.decode(text, key, algorithms=algorithms)
        jwt.JWTClaimsRegistry(leeway=LEEWAY, exp={"essential": True}, **known).validate(decoded.claims)
    except BadSignatureError:
        raise Untrue("signature", client_id) from None
    except ExpiredTokenError:
        raise Untrue("exp", client_id) from None
    except (InvalidClaimError, MissingClaimError) as no:
        raise Untrue(str(no.claim), client_id) from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Untrue("malformed", client_id) from None
    return decoded.claims


def claimed_client(text: str) -> str:
    """Which program a signed statement claims to be of; empty when it cannot be read."""
    try:
        return _opened(text, "sub")[1]
    except Untrue:
        return ""


def proven_by_key(text: str, client: ApiClient) -> Credential:
    """The key by which a program's statement proves that it comes from it. Raises Untrue; a statement holds once."""
    header, _ = _opened(text, "sub")
    _check_header(header, ASSERTION_ALGORITHMS, client.id)
    kid, alg = header.get("kid"), header["alg"]
    fitting = [
        one for one in client.live
        if one.jwk is not None and alg in ALGORITHMS[one.jwk["kty"]] and kid in (None, one.hint)
    ]  # fmt: skip
    if not fitting:
        raise Untrue("kid", client.id)
    for number, credential in enumerate(fitting, start=1):
        try:
            _check_statement(text, credential, alg, client.id)
            return credential
        except Untrue as no:
            if no.why != "signature" or number == len(fitting):
                raise
    raise Untrue("signature", client.id)


def _check_statement(text: str, credential: Credential, alg: str, client_id: str) -> None:
    jwk = credential.jwk or {}
    address = config.current().public_url
    expected = {"iss": client_id, "sub": client_id, "aud": [address, f"{address}/oauth2/token"]}
    claims = _claims(text, KINDS[jwk["kty"]].import_key(jwk), [alg], expected, client_id)
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        raise Untrue("aud", client_id)  # a text that others take too could come from one of them
    if claims["exp"] > time.time() + ASSERTION_LASTS + LEEWAY:
        raise Untrue("exp", client_id)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 200:
        raise Untrue("jti", client_id)
    with db.begin() as session:
        if not commands.spend_assertion(session, client_id=client_id, jti=jti):
            raise Untrue("replayed", client_id)
