"""What happens by the clock: a name, how often, and what it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Something that happens every `every` seconds: `begin(window)` starts it, `window` naming the time slot."""

    name: str
    every: int
    begin: Callable[[str], object]
