"""The codes of the demo's authenticator apps, for whoever tries it out without a telephone."""

from __future__ import annotations

import json
from pathlib import Path

from pyotp import TOTP


def shown(var: str, email: str) -> str | None:
    """The code that the app of one of the demo's people shows now; None when nobody there has one."""
    known = Path(var) / "demo.json"
    people = json.loads(known.read_text(encoding="utf-8"))["users"] if known.exists() else []
    secret = next((one["totp_secret"] for one in people if one["email"] == email), None)
    return TOTP(secret).now() if secret else None
