"""`make bench-saga`: the same four steps on our coordinator and on DBOS, in turns, and how they compare.

Prints a table and writes var/bench-saga.json.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import percentile
from benchmarks.machine import facts
from benchmarks.saga.report import HEAD, line, summary, words
from benchmarks.saga.shape import OURS, THEIRS, TWO_OF_THEIRS
from benchmarks.saga.sides import DATABASES, Bench, go, rested, side
from benchmarks.saga.tables import make_tables
from tests.servers import create_database, free_port, queue_server, temporary_cluster

DURABLE = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on"
WARM_UP = 4.0  # seconds


def main() -> None:
    """Measure, print, write."""
    given = arguments().parse_args()
    given.var.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with ExitStack() as stack:
        url = stack.enter_context(temporary_cluster(DURABLE))
        queue = f"redis://127.0.0.1:{free_port()}/0"
        stack.enter_context(queue_server(given.var, queue))
        bench = Bench(url, queue, given.var)
        for name in (*DATABASES[OURS], *DATABASES[THEIRS]):
            create_database(bench.url.replace("{domain}", name))
        make_tables(bench)
        idle = {name: at_rest(bench, name) for name in given.sides}
        print(HEAD, flush=True)
        rounds = [
            measured(bench, name, concurrency, given.seconds, idle[name]) | {"round": number}
            for number in range(given.rounds) for concurrency in given.concurrency for name in given.sides
        ]  # fmt: skip
    found = summary(rounds) | {"idle": idle, "machine": facts(), "took_s": round(time.monotonic() - begun)}
    given.output.write_text(json.dumps(found, indent=1) + "\n")
    print(f"\n  {words(found)}\n\nwritten to {given.output}", flush=True)


def arguments() -> argparse.ArgumentParser:
    """What can be chosen; left alone, it takes some eight minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saga", description="Our sagas beside DBOS.")
    parser.add_argument("--var", type=Path, default=Path("var/bench-saga"), help="a folder for logs")
    parser.add_argument("--output", type=Path, default=Path("var/bench-saga.json"))
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each round lasts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=lambda told: [int(one) for one in told.split(",")], default=[1, 8, 32])
    parser.add_argument("--sides", type=lambda told: told.split(","), default=[OURS, THEIRS, TWO_OF_THEIRS])
    return parser


def at_rest(bench: Bench, name: str, seconds: float = 10.0) -> dict[str, float]:
    """What a side does when nobody asks for anything: commits and CPU seconds, each a second."""
    with side(bench, name, 32) as starters:
        go(starters, 0.0)
        time.sleep(2.0)
        before, begun = bench.commits(name), time.monotonic()
        used = rested(bench, seconds)
        commits = bench.commits(name) - before
    lasted = time.monotonic() - begun
    return {"commits_per_s": round(commits / lasted, 2), "cpu_per_s": round(used / seconds, 4)}


def measured(bench: Bench, name: str, concurrency: int, seconds: float, idle: dict[str, float]) -> dict[str, Any]:
    """One round of a side: fresh processes, some sagas to warm up, then those that count."""
    effects = bench.effects(name)
    commits, begun = bench.commits(name), time.monotonic()
    with side(bench, name, concurrency) as starters:
        warm = go(starters, WARM_UP)
        before = bench.used()
        told = go(starters, seconds)
        used = bench.used() - before
    waited = [1000 * one for part in told for one in part["seconds"]]
    if not waited:
        raise SystemExit(f"{name}: no saga came to its end; its processes' logs are in {bench.folder}")
    everything = len(waited) + sum(len(part["seconds"]) for part in warm)
    took = max(part["ended"] - part["begun"] for part in told)
    looks = sum(part.get("looks", 0) for part in told)
    lasted = time.monotonic() - begun
    committed = bench.commits(name) - commits - looks - idle["commits_per_s"] * lasted
    if bench.effects(name) - effects != 4 * everything:
        raise SystemExit(f"{name}: {bench.effects(name) - effects} effects of {everything} sagas of four steps")
    row = {
        "side": name, "concurrency": concurrency, "sagas": len(waited), "sagas_per_s": round(len(waited) / took, 1),
        "p50_ms": round(percentile(waited, 0.5), 1), "p95_ms": round(percentile(waited, 0.95), 1),
        "cpu_ms_per_saga": round(1000 * used.total() / len(waited), 1),
        "cpu_ms_by_part": {part: round(1000 * spent / len(waited), 1) for part, spent in sorted(used.items())},
        "commits_per_saga": round(committed / everything, 2),
    }  # fmt: skip
    print(line(row), flush=True)
    return row


if __name__ == "__main__":
    main()
