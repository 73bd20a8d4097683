"""Who has sent a webhook, and when: what is not signed by the provider's secret, or is old, is believed in nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping

from .answers import Unverified

OLD = 300.0  # seconds: a hint that somebody has kept, and sends again later, says nothing new
LARGEST = 64 * 1024  # bytes; a hint is thin
_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


def check_signed(secret: str, header: str | None, body: bytes) -> None:
    """Refuse, as Unverified, a body that is not signed with our common secret within the last five minutes.

    The signature is HMAC-SHA256 over "<seconds since 1970>.<body>", sent as `t=<seconds>,v1=<hex>`.
    """
    found = _SIGNATURE.fullmatch((header or "").strip())
    if not secret or found is None or len(body) > LARGEST:
        raise Unverified("not signed")
    stamp, signature = found.groups()
    ours = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(ours, signature):
        raise Unverified("signed with another secret")
    if abs(time.time() - int(stamp)) > OLD:
        raise Unverified("signed at another time")


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header by its name, however that is written."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)
