"""`python -m benchmarks.tables` prints var/bench.json as the tables of docs/capacity.md, to replace the older ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.report import ours

PARTS = ("gateway", "web", "queue")


def document(found: dict[str, Any]) -> Iterator[str]:
    """The lines of the section, with what they were measured on first."""
    machine, others = found["machine"], max(row["cpu"]["others"] for row in found["curve"])
    yield f"Measured on {machine['cores']} cores of {machine['processor']}, Python {machine['python']},"
    yield f"{machine['gateway']}, SQLite; a core makes {machine['hashes_per_cpu_s']:,} SHA-256 sums of 1 KB a second,"
    yield f"and up to {others:.1f} of the cores were busy with other work."
    yield from table("request", "ms of CPU", "gateway", "web", "queue and cache", "× `/healthz`")
    floor = max(found["cost_ms"]["/healthz"]["total"], 0.01)
    for kind, cost in found["cost_ms"].items():
        parts = " | ".join(f"{cost['by_part'].get(part, 0):.1f}" for part in PARTS)
        yield f"| {kind} | {cost['total']:.1f} | {parts} | {cost['total'] / floor:.0f} |"
    yield f"| **a read of the mix** | **{found['mix_ms']:.1f}** | | | | **{found['mix_ms'] / floor:.0f}** |"
    yield from orders(found["writes"], floor)
    yield from curve(found)


def table(*heads: str) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"


def orders(writes: dict[str, Any], floor: float) -> Iterator[str]:
    by_part, total, rate = writes["cost_by_part_ms"], writes["cost_ms"], writes["offered_per_s"]
    parts = " | ".join(f"{by_part.get(part, 0):.0f}" for part in PARTS)
    yield f"| an order, from its preview to its end | {total:.0f} | {parts} | {total / floor:.0f} |"
    yield ""
    yield f"Of an order, {by_part['workers']:.0f} ms are of workers, {by_part['coordinator']:.0f} of the coordinator."
    yield f"Orders alone, {rate} a second: {writes['completed']} of {writes['orders']} completed; preview p95"
    yield f"{writes['preview_p95_ms']:.0f} ms, accepted p95 {writes['accepted_p95_ms']:.0f} ms, completed p95"
    yield f"{writes['completed_p95_s']:.1f} s, of which the provider takes 2."


def curve(found: dict[str, Any]) -> Iterator[str]:
    yield from table("offered/s", "reached/s", "p50 ms", "p95 ms", "p99 ms", "errors", "cores: system", "others")
    for row in found["curve"]:
        told = " | ".join(f"{row[name]:.0f}" for name in ("p50_ms", "p95_ms", "p99_ms", "errors"))
        cores = f"{ours(row['cpu']):.2f} | {row['cpu']['others']:.2f}"
        yield f"| {row['offered_per_s']:.0f} | {row['reached_per_s']} | {told} | {cores} |"
    load = found["load"]
    yield ""
    yield f"At the end, orders among the reads for {load['seconds']:.0f} s: {load['reads_per_s']} reads and"
    yield f"{load['writes_per_s']} orders a second, p95 {load['p95_ms']} ms, {load['errors']} errors."


if __name__ == "__main__":
    print("\n".join(document(json.loads(Path("var/bench.json").read_text()))))
