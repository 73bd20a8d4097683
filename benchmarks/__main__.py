"""`make bench`: starts the system, measures what each request costs and how many it carries, writes var/bench.json.

In this order: the machine, rest, each kind of request alone, orders alone, the mix at rising rates until it breaks, and
at the end the highest rate that held once more, longer and with orders in between.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.arithmetic import breaks, holds, mixed_cost
from benchmarks.machine import facts
from benchmarks.measuring import Measuring
from benchmarks.system import running
from benchmarks.visits import BESIDE, FLOOR, MIX, PAGES, prepare

RATES = (25, 50, 75, 100, 130, 160, 200, 250, 320, 400, 500, 640, 800, 1000, 1200, 1500)
FULL = 1500  # static files a second: shows that the load generator carries more than is asked of the system
ORDER_EVERY = 97  # requests: the estimate has 12 writes beside 1,157 reads


def main() -> None:
    """Measure, print, write."""
    given = arguments().parse_args()
    begun = time.monotonic()
    machine = facts()
    with running(given.var, given.port) as system:
        measuring = Measuring(system, prepare(system.demo, given.port))
        print(f"started in {time.monotonic() - begun:.0f} s on {given.var}", flush=True)
        found = measured(measuring, given)
    found |= {"machine": machine, "mix": MIX, "took_s": round(time.monotonic() - begun)}
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=1) + "\n")
    print(report.text(found), f"\nwritten to {given.output}", flush=True)


def arguments() -> argparse.ArgumentParser:
    """What can be chosen; left alone, it takes less than four minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split(",")[0] + ".")
    port = int(os.environ.get("PORT") or 8000) + 100  # beside a system that may be running
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--var", type=Path, default=Path("var/bench"), help="a folder of its own, emptied first")
    parser.add_argument("--output", type=Path, default=Path("var/bench.json"))
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each step lasts")
    parser.add_argument("--rates", type=lambda text: [float(one) for one in text.split(",")], default=RATES)
    return parser


def measured(measuring: Measuring, given: argparse.Namespace) -> dict[str, Any]:
    """Everything that is measured on the running system."""
    seconds = given.seconds
    measuring.play(measuring.visits.sequence(MIX), 20, max(3.0, seconds))  # what is made at first use is made now
    measuring.rest(seconds)
    costs = {}
    for kind in (*FLOOR, *MIX, *BESIDE):
        costs[kind] = measuring.cost_of(kind, seldom(kind), seconds / 2)
        print(report.cost_line(kind, costs[kind]), flush=True)
    generator = measuring.play(measuring.visits.sequence({FLOOR[0]: 1}), FULL, seconds / 2)
    writes = measuring.orders(1, 2 * seconds)
    print(report.writes_line(writes), flush=True)
    curve = rising(measuring, given.rates, seconds)
    load, used = final(measuring, curve, 2 * seconds)
    return {
        "load": load, "writes": writes, "curve": curve, "cost_ms": costs,
        "mix_ms": round(mixed_cost(MIX, {kind: cost["total"] for kind, cost in costs.items()}), 2),
        "cpu": {"idle": {part: round(share, 3) for part, share in measuring.idle.items()}, "load": used},
        "generator": generator.row,
    }  # fmt: skip


def seldom(kind: str) -> int:
    """How often a kind is asked for by itself: enough of it to be seen in ticks of 10 ms, and never a queue."""
    return 200 if kind in FLOOR else 10 if kind in PAGES else 25


def rising(measuring: Measuring, rates: list[float], seconds: float) -> list[dict[str, Any]]:
    """The mix at each rate, until one breaks."""
    curve: list[dict[str, Any]] = []
    print(report.CURVE, flush=True)
    for rate in rates:
        row = measuring.play(measuring.visits.sequence(MIX), rate, seconds).row
        curve.append(row)
        print(report.curve_line(row), flush=True)
        if breaks(row):
            break
        time.sleep(0.3)
    time.sleep(min(3.0, seconds))  # what was left behind is worked off
    return curve


def final(measuring: Measuring, curve: list[dict[str, Any]], seconds: float) -> tuple[dict[str, Any], dict[str, float]]:
    """The highest rate that held, longer and with orders; should it not hold so, the one below it."""
    held = [row["offered_per_s"] for row in curve if holds(row)] or [curve[0]["offered_per_s"]]
    for rate in reversed(held[-2:]):
        played = measuring.play(measuring.visits.with_orders(MIX, ORDER_EVERY), rate, seconds)
        if holds(played.row):
            break
    row, orders = played.row, len(played.bodies)
    done = sum(one["status"] == "succeeded" for one in measuring.ended(played.bodies))
    reached = row["reached_per_s"] * played.requests / max(1, played.requests + orders)
    load = {
        "reads_per_s": round(reached - orders / seconds, 1), "writes_per_s": round(done / seconds, 2),
        **{name: row[name] for name in ("p50_ms", "p95_ms", "p99_ms")},
        "errors": row["errors"] + orders - done, "seconds": seconds, "held": holds(row),
    }  # fmt: skip
    return load, row["cpu"]


if __name__ == "__main__":
    main()
