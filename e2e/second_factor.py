"""A second factor in the browser: the code an authenticator app shows, each of which is good once."""

from __future__ import annotations

import time

from playwright.sync_api import Page
from pyotp import TOTP

STEP = 30
_used: dict[str, int] = {}  # the last half-minute whose code was given, by seed


def next_code(seed: str) -> str:
    """A code that was not given before: three are good at a time, and then one each half-minute."""
    step = max(int(time.time()) // STEP - 1, _used.get(seed, 0) + 1)
    while step > int(time.time()) // STEP + 1:
        time.sleep(0.5)  # the fourth sign-in of one person within a minute
    _used[seed] = step
    return TOTP(seed).generate_otp(step)


def give_code(page: Page, seed: str | None) -> None:
    """Give the code where a page asks for it."""
    if seed is not None:
        page.fill("#code", next_code(seed))
        page.click("form.door-fields button[type=submit]")
