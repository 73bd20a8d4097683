"""Digests, signatures and random secrets, each by the library that does it best."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any


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


def fingerprint(content: bytes) -> str:
    """SHA-256 of a file, in hex, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()
