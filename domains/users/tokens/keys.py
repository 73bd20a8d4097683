"""Keys: ours, which sign access tokens and are rotated, and the public ones that programs register."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from domains.kernel import config
from domains.kernel.config import PREFIX, SettingsError
from domains.kernel.errors import N_, Invalid

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
ALGORITHMS = {"EC": ["ES256"], "RSA": ["PS256", "RS256"], "OKP": ["Ed25519"]}  # what each kind of key signs
KINDS: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
LEAST_BITS = 2048
Key = ECKey | RSAKey | OKPKey


@lru_cache(maxsize=8)
def _ring(setting: str) -> dict[str, ECKey]:
    """The keys of `token_key` by their ids: one JWK, or a set of them, of which the first signs."""
    try:
        read = json.loads(setting)
        found = [ECKey.import_key(one) for one in read.get("keys", [read])]
        for key in found:
            key.ensure_kid()
        if not found[0].is_private or any(key.curve_name != "P-256" for key in found):
            raise ValueError("the first key must be a private key, and all of them on P-256")
    except (JoseError, ValueError, TypeError, KeyError, IndexError, AttributeError) as why:
        raise SettingsError(f"{PREFIX}TOKEN_KEY is no JWK, and no set of JWKs, for ES256: {why}") from None
    return {str(key.kid): key for key in found}


def signing_key() -> ECKey:
    """The key that signs from now on."""
    return next(iter(_ring(config.current().token_key).values()))


def verifying_key(kid: object) -> ECKey | None:
    """The key with this id: the one that signs, the one before it, or the next one."""
    return _ring(config.current().token_key).get(kid) if isinstance(kid, str) else None


def jwks() -> dict[str, Any]:
    """The public keys that access tokens are verified with: also those that sign no more, or not yet."""
    keys = _ring(config.current().token_key).values()
    return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"} for key in keys]}


def public_key(text: str) -> dict[str, Any]:
    """The public key that somebody gives us as a JWK or as PEM, as a JWK with an id.

    Refuses private and symmetric keys, which must not leave their owner, and what is too weak to prove anything.
    """
    try:
        key = _read(text.strip())
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        told = N_("This is no public key that we can read: give a JWK or PEM, for RSA, EC P-256 or Ed25519.")
        raise Invalid(told, code="key_invalid", field="key") from None
    bits = key.raw_value.key_size if isinstance(key, RSAKey) else LEAST_BITS
    curve = getattr(key, "curve_name", "P-256")
    if bits < LEAST_BITS or curve not in ("P-256", "Ed25519"):
        told = N_("Use RSA with 2048 bits or more, EC on P-256, or Ed25519.")
        raise Invalid(told, code="key_weak", field="key")
    key.ensure_kid()
    jwk: dict[str, Any] = key.as_dict(private=False)
    if not isinstance(jwk["kid"], str) or not 1 <= len(jwk["kid"]) <= 64 or not jwk["kid"].isprintable():
        raise Invalid("The id of the key (kid) may have 64 characters.", code="key_invalid", field="key")
    return jwk


def _read(text: str) -> Key:
    if text.startswith("{"):
        given = json.loads(text)
        if PRIVATE & set(given):
            _refuse_private()
        kept = {name: given[name] for name in ("kty", "crv", "x", "y", "n", "e", "kid") if name in given}
        key: Key = KINDS[given["kty"]].import_key(kept)
        return key
    if "PRIVATE" in text:
        _refuse_private()
    for kind in KINDS.values():
        with suppress(JoseError, ValueError, TypeError, KeyError, AttributeError):
            key = kind.import_key(text)
            key.as_dict(private=False)
            return key
    raise ValueError("no key")


def _refuse_private() -> None:
    told = N_("This is a private key. Keep it to yourself, replace it because it was shown, and give its public half.")
    raise Invalid(told, code="key_private", field="key")
