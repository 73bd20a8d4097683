"""Digests, signatures and random secrets, each by the library that does it best."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any

_KEY_ID = re.compile(r"[a-z0-9-]{1,24}")


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def digest(*parts: str | bytes) -> str:
    """SHA-256 over parts kept apart by their lengths, in hex."""
    total = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        total.update(len(raw).to_bytes(8, "big"))
        total.update(raw)
    return total.hexdigest()


def keyed_digest(key: str, *parts: str | bytes) -> str:
    """HMAC-SHA-256 over parts kept apart by their lengths, in hex."""
    return hmac.new(key.encode(), digest(*parts).encode(), hashlib.sha256).hexdigest()


def token(bits: int = 256) -> str:
    """A random URL-safe secret of at least `bits` bits."""
    return secrets.token_urlsafe((bits + 7) // 8)


def token_of(alphabet: str, length: int) -> str:
    """A random secret of these letters, for people to type."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def fingerprint(content: bytes) -> str:
    """SHA-256 of a file, in hex, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=4)
def sealing_keys(given: str) -> dict[str, bytes]:
    """The keys of CLOUDSALES_SEALING_KEYS (`id:base64,…`, 32 bytes each) by their ids, in the setting's order.

    Raises ValueError, whose text shows no key.
    """
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(filter(None, (part.strip() for part in given.split(","))), 1):
        key_id, colon, encoded = entry.partition(":")
        if not colon or not _KEY_ID.fullmatch(key_id) or key_id in keys:
            raise ValueError(f"key {number} needs an id of its own before a colon: small letters, digits, hyphens")
        try:
            keys[key_id] = urlsafe_b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4))
        except ValueError:
            raise ValueError(f"key “{key_id}” is not base64") from None
        if len(keys[key_id]) != 32:
            raise ValueError(f"key “{key_id}” has {len(keys[key_id])} bytes: use 32")
    return keys
