"""Where test_single_sign_on.py runs a provider and a name server: ports, counted from an installation's first one."""

from __future__ import annotations

NAMES, PROVIDER = 5, 6


def reached(first: int) -> dict[str, str]:
    """The settings by which an installation reaches both."""
    allowed, resolver = (f"127.0.0.1:{first + number}" for number in (PROVIDER, NAMES))
    return {"CLOUDSALES_OUTBOUND_ALLOW": allowed, "CLOUDSALES_RESOLVER": resolver}
