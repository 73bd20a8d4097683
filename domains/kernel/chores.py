"""What a domain's worker does on the side, every so often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Chore:
    """Something to `run` about every `every` seconds; it may happen in two processes at once."""

    every: float
    run: Callable[[], Any]
