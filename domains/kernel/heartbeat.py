"""How an operator sees that a process without an address still goes round: it touches a file each time.

A probe asks for the file's age (charts/cloud-sales-system/values.yaml). A dead database or queue does not stop the
rounds, so neither makes a probe restart what only has to wait.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from . import config


def beat(process: str) -> None:
    """Say that this process goes round. A disk that takes no file is not worth failing for: the probe will notice."""
    folder = Path(config.current().var) / "heartbeat"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / process).touch()
