"""One experiment from the first process to the verdict: strike for so long, let it settle, check, measure."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from saga import turn

from . import checker, clients, faults
from .field import Field, field_of, settle
from .recovery import Standstills, standstills
from .world import World, read

SETTLING = 90.0  # seconds after the last fault, in which every run must end
CALL_TIME = 1.0  # seconds that a call to the provider may take; an exchange is asked again two of them later
LONG_OUTAGE = 30.0
Fault = Callable[[Field], None]
Result = dict[str, Any]


def endless(field: Field) -> Iterator[Fault]:
    """All faults in a new order each time; the long outages come once each."""
    long: list[Fault] = [lambda field: faults.k12(field, LONG_OUTAGE), lambda field: faults.k13(field, LONG_OUTAGE)]
    while True:
        order = list(faults.ALL)
        field.chance.shuffle(order)
        yield from order
        if long:
            yield long.pop()


def strike_for(field: Field, seconds: float, pause: float) -> None:
    """Strike until the time is over."""
    until = time.monotonic() + seconds
    for fault in endless(field):
        if time.monotonic() > until:
            return
        fault(field)
        field.crew.pause(field.chance.uniform(0.0, pause))


def patience(queue: str) -> float:
    """How long a command may go unanswered until it is sent again (see `saga.turn`)."""
    return turn.RESEND_AFTER + (2 * CALL_TIME if queue.endswith("-exchange") else 0.0)


def verdict(field: Field, seed: int) -> Result:
    """Check everything and measure; the findings are written beside the journals."""
    facts = field.facts()
    (field.folder / "facts.json").write_text(json.dumps(facts, indent=1))
    world = read(facts)
    found = checker.findings(world)
    still = standstills(world, facts["strikes"], patience)
    told = [*(f"{kind}: {text}" for kind, text in found), *still.beyond, *still.unexplained]
    (field.folder / "findings.txt").write_text("\n".join(told) + "\n")
    return {"seed": seed, **_counted(field, world, found, still), "K": _per_fault(field, still)}


def _counted(field: Field, world: World, found: list[checker.Finding], still: Standstills) -> Result:
    kinds = Counter(kind for kind, _ in found)
    ends = Counter(f"{run['definition']} {run['status']}" for run in world.runs)
    return {
        "sagas": len(world.runs), "ends": dict(sorted(ends.items())), "strikes": len(field.strikes),
        "kills": sum(one.kills for one in field.strikes), **{kind: kinds[kind] for kind in checker.KINDS},
        "longest_recovery_s": round(max(still.after.values(), default=0.0), 1), "beyond": len(still.beyond),
        "longest_backoff_s": round(still.backoff, 1),
        "unexplained": len(still.unexplained), "missed": field.missed, "unexpected_ends": field.crew.unexpected,
    }  # fmt: skip


def _per_fault(field: Field, still: Standstills) -> Result:
    found = {}
    for k in faults.NAMES:
        numbers = [number for number, one in enumerate(field.strikes) if one.k == k]
        longest = max((still.after.get(number, 0.0) for number in numbers), default=0.0)
        kills = sum(field.strikes[number].kills for number in numbers)
        found[k] = {"strikes": len(numbers), "kills": kills, "longest_recovery_s": round(longest, 1)}
    return found


def told(result: Result) -> str:
    """What came of it, as a short table."""
    lines = [f"{'':5}{'strikes':>8}{'kills':>7}{'longest recovery':>18}"]
    for k, row in result["K"].items():
        lines.append(f"{k:5}{row['strikes']:8}{row['kills']:7}{row['longest_recovery_s']:16.1f} s")
    names = ("seed", "sagas", "strikes", "kills", *checker.KINDS, "longest_recovery_s", "beyond", "unexplained")
    ends = ", ".join(f"{count} {end}" for end, count in result["ends"].items())
    return "\n".join([*lines, ends, "  ".join(f"{name} {result[name]}" for name in names)])


def run(folder: Path, minutes: float, plan: clients.Plan, orders: int, pause: float = 1.5) -> Result:
    """Strike for some minutes, in a folder of its own that is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with field_of(folder, plan, resend=turn.RESEND_AFTER, orders=orders, call_time=CALL_TIME) as field:
        strike_for(field, minutes * 60, pause)
        settle(field, SETTLING)
        return verdict(field, plan.seed)
