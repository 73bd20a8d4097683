"""What has happened, counted, and how it is told."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counts:
    """How often what was done, refused and found."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    terms: Counter[str] = field(default_factory=Counter)
    drift: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    days: int = 0
    began: float = field(default_factory=time.monotonic)

    def lines(self) -> list[str]:
        """One line for each group, the most frequent first."""
        groups = {
            "changes": self.done, "refusals": self.refused, "ends of terms": self.terms, "drift": self.drift,
            "faults of the provider": self.faults, "checked": self.checks,
        }  # fmt: skip
        told = [f"{name}: {', '.join(f'{what} {n}' for what, n in of.most_common())}" for name, of in groups.items()]
        return [*told, f"days: {self.days}, seconds: {time.monotonic() - self.began:.0f}"]
