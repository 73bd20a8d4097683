"""Places where a test may kill the process, to prove that a crash there loses and doubles nothing."""

from __future__ import annotations

import os
import signal

_armed = ""
_countdown = 0


def arm(setting: str) -> None:
    """Arm one place: `name:nth` kills this process with SIGKILL when `name` is reached for the nth time."""
    global _armed, _countdown
    _armed, _, nth = setting.partition(":")
    _countdown = int(nth or 1)


def reach(name: str) -> None:
    """Die here when this place is armed and its turn has come."""
    global _countdown
    if name != _armed:
        return
    _countdown -= 1
    if _countdown == 0:
        os.kill(os.getpid(), signal.SIGKILL)
