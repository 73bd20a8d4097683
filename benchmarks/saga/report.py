"""What the rounds come to, for the person who waits and for who reads the file."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.saga.shape import OURS, THEIRS, TWO_OF_THEIRS

HEAD = "\n  side      c   sagas/s   p50 ms   p95 ms   CPU ms/saga   commits/saga"


def line(row: dict[str, Any]) -> str:
    """One round of one side."""
    return (
        f"  {row['side']:8} {row['concurrency']:3} {row['sagas_per_s']:9.1f} {row['p50_ms']:8.1f} {row['p95_ms']:8.1f}"
        f" {row['cpu_ms_per_saga']:13.1f} {row['commits_per_saga']:14.2f}   "
        + ", ".join(f"{part} {spent}" for part, spent in row["cpu_ms_by_part"].items() if spent)
    )


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of the rounds, and ours beside theirs."""

    def middle(name: str, concurrency: int, figure: str) -> float | None:
        found = [row[figure] for row in rounds if (row["side"], row["concurrency"]) == (name, concurrency)]
        return round(statistics.median(found), 2) if found else None

    def ratio(concurrency: int, other: str = THEIRS) -> float | None:
        ours, theirs = (middle(name, concurrency, "sagas_per_s") for name in (OURS, other))
        return round(ours / theirs, 2) if ours and theirs else None

    return {
        "rounds": rounds, "ratio_c1": ratio(1), "ratio_c8": ratio(8), "ratio_c32": ratio(32),
        "ratio_c32_two_processes": ratio(32, TWO_OF_THEIRS),
        "p95_ms_c32": middle(OURS, 32, "p95_ms"), "commits_per_saga": middle(OURS, 1, "commits_per_saga"),
        "commits_per_saga_c32": middle(OURS, 32, "commits_per_saga"),
    }  # fmt: skip


def words(found: dict[str, Any]) -> str:
    """What it comes to."""
    return (
        f"at 32 at a time: {found['ratio_c32']} × DBOS in one process,"
        f" {found['ratio_c32_two_processes']} × in two; p95 {found['p95_ms_c32']} ms;"
        f" {found['commits_per_saga']} commits a saga one at a time, {found['commits_per_saga_c32']} then"
    )
