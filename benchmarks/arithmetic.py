"""What is counted from what was measured: percentiles, when a request is due, what a kind of request costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

BAR_MS = 50.0  # the answer time of the estimate
ENOUGH = 0.95  # of the offered rate: what is answered below it is left behind


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share of them does not exceed; 0 when there are none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def due(number: int, rate: float) -> float:
    """When the request with this number is due, in seconds: whatever became of those before it."""
    return number / rate


def turns(mix: Mapping[str, int]) -> list[str]:
    """Each kind as often as its weight says, spread as evenly as they go: one round of the mix."""
    total, credit, order = sum(mix.values()), dict.fromkeys(mix, 0), []
    for _ in range(total):
        for kind, weight in mix.items():
            credit[kind] += weight
        chosen = max(credit, key=lambda kind: credit[kind])
        credit[chosen] -= total
        order.append(chosen)
    return order


def summary(rate: float, elapsed: float, answers: Sequence[float], errors: int) -> dict[str, Any]:
    """One row of the curve: what was asked for, what came of it. `answers` are milliseconds since each was due.

    `elapsed` is in seconds until the last answer came: what is left behind lowers the rate that was reached.
    """
    spread = {f"p{share}_ms": round(percentile(answers, share / 100), 1) for share in (50, 95, 99)}
    return {"offered_per_s": rate, "reached_per_s": round(len(answers) / elapsed, 1), **spread, "errors": errors}


def holds(row: Mapping[str, Any]) -> bool:
    """Whether a rate is carried: all answered without an error, 95 of 100 within the bar."""
    return not breaks(row) and row["p95_ms"] <= BAR_MS


def breaks(row: Mapping[str, Any]) -> bool:
    """Whether there is no point in asking for more."""
    behind = row["reached_per_s"] < ENOUGH * row["offered_per_s"]
    return bool(behind or row["errors"] or row["p95_ms"] > 10 * BAR_MS)


def cost_ms(used: Mapping[str, float], idle: Mapping[str, float], seconds: float, requests: int) -> dict[str, float]:
    """CPU milliseconds of each part for one request: what it used beyond what it uses when nobody asks (per second)."""
    beyond = {part: max(0.0, spent - idle.get(part, 0.0) * seconds) for part, spent in used.items()}
    return {part: round(1000 * spent / max(1, requests), 3) for part, spent in beyond.items()}


def mixed_cost(mix: Mapping[str, int], costs: Mapping[str, float]) -> float:
    """CPU milliseconds of a request of the mix, on average."""
    return sum(weight * costs[kind] for kind, weight in mix.items()) / sum(mix.values())
