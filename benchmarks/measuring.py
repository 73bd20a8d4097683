"""Lets the generator play a sequence of requests and bills what it cost, part by part."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from benchmarks.arithmetic import cost_ms, percentile, summary
from benchmarks.system import ROOT, System, Usage
from benchmarks.visits import API, Planned, Visits

NOT_OURS = ("sandbox",)  # the provider is somebody else's system
ANSWERING = ("gateway", "web", "queue")  # what a read passes through; the queue's server is the cache's too
ORDERS_END_WITHIN = 60.0  # seconds


@dataclass
class Played:
    """What one sequence came to."""

    row: dict[str, Any]
    used: dict[str, float]  # CPU seconds by part
    seconds: float
    requests: int
    answers: dict[str, list[float]] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)


@dataclass
class Measuring:
    """A running system, who asks it, and what it uses when nobody does."""

    system: System
    visits: Visits
    idle: dict[str, float] = field(default_factory=dict)  # CPU seconds a second, by part

    def rest(self, seconds: float) -> None:
        """See what is used when nobody asks."""
        before = self.system.usage()
        time.sleep(seconds)
        self.idle = {part: spent / seconds for part, spent in self.system.usage().since(before).items()}

    def play(self, sequence: list[Planned], rate: float, seconds: float) -> Played:
        """Ask at a rate for so many seconds."""
        before = self.system.usage()
        said = self._generate(sequence, rate, seconds)
        after = self.system.usage()
        used, passed = after.since(before), after.at - before.at
        answers = [took for took_all in said["answers"].values() for took in took_all]
        row = summary(rate, said["elapsed_s"], answers, sum(said["errors"].values()))
        if said["errors"]:
            row["what"] = said["errors"]
        row["late_p99_ms"] = said["late_p99_ms"]
        row["cpu"] = busy_cores(before, after, used, said["cpu_s"])
        return Played(row, used, passed, said["requests"], said["answers"], said["bodies"])

    def _generate(self, sequence: list[Planned], rate: float, seconds: float) -> dict[str, Any]:
        plan = {"host": "127.0.0.1", "port": self.visits.port, "rate": rate, "seconds": seconds, "sequence": sequence}
        command = [sys.executable, "-m", "benchmarks.generator"]
        answer = subprocess.run(command, cwd=ROOT, input=json.dumps(plan), capture_output=True, text=True, check=False)
        if answer.returncode:
            raise SystemExit(f"the load generator failed:\n{answer.stderr}")
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def cost_of(self, kind: str, rate: float, seconds: float) -> dict[str, Any]:
        """What one request of a kind costs, asked alone and not often, and how long it takes then."""
        played = self.play(self.visits.sequence({kind: 1}), rate, seconds)
        by_part = cost_ms(played.used, self.idle, played.seconds, played.requests)
        ours = {part: cost for part, cost in by_part.items() if part in ANSWERING}
        return {"total": round(sum(ours.values()), 2), "by_part": ours} | {
            name: played.row[name] for name in ("p50_ms", "p95_ms", "errors")
        }

    def orders(self, rate: float, seconds: float) -> dict[str, Any]:
        """Orders with nothing beside them: previewed, placed, and followed until each has ended."""
        before = self.system.usage()
        played = self.play(self.visits.orders, rate, seconds)
        ended = self.ended(played.bodies)
        used, passed = (after := self.system.usage()).since(before), after.at - before.at
        by_part = cost_ms(used, self.idle, passed, len(played.bodies))
        took = [one["seconds"] for one in ended]
        return {
            "offered_per_s": rate, "orders": len(played.bodies), "errors": played.row["errors"],
            "completed": sum(one["status"] == "succeeded" for one in ended),
            "preview_p50_ms": percentile(played.answers.get("previewOrder", []), 0.5),
            "preview_p95_ms": percentile(played.answers.get("previewOrder", []), 0.95),
            "accepted_p50_ms": percentile(played.answers.get("placeOrder", []), 0.5),
            "accepted_p95_ms": percentile(played.answers.get("placeOrder", []), 0.95),
            "completed_p50_s": percentile(took, 0.5), "completed_p95_s": percentile(took, 0.95),
            "cost_ms": round(sum(cost for part, cost in by_part.items() if part not in NOT_OURS), 1),
            "cost_by_part_ms": by_part,
        }  # fmt: skip

    def ended(self, operations: list[Any]) -> list[dict[str, Any]]:
        """How operations ended, asked for once a second, and how long they took by the system's own clock."""
        left, found = list(operations), []
        until = time.monotonic() + ORDERS_END_WITHIN
        while left and time.monotonic() < until:
            time.sleep(1.0)
            seen = [(self._operation(one), one) for one in left]
            found += [{"status": now["status"], "seconds": lasted(now)} for now, _ in seen if now["ended_at"]]
            left = [one for now, one in seen if not now["ended_at"]]
        return found

    def _operation(self, accepted: dict[str, Any]) -> dict[str, Any]:
        address = f"http://localhost:{self.visits.port}{API}/operations/{accepted['id']}"
        answer = requests.get(address, headers=accepted["headers"], timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def lasted(operation: dict[str, Any]) -> float:
    start, end = (datetime.fromisoformat(operation[name]) for name in ("created_at", "ended_at"))
    return round((end - start).total_seconds(), 2)


def busy_cores(before: Usage, after: Usage, used: dict[str, float], generator: float) -> dict[str, float]:
    """How many cores each part kept busy, and how many something that is none of ours did."""
    passed = after.at - before.at
    shares = {part: round(spent / passed, 3) for part, spent in used.items()}
    others = (after.machine - before.machine) - sum(used.values()) - generator
    return shares | {"load generator": round(generator / passed, 3), "others": round(max(0.0, others / passed), 3)}
