"""`python -m tests.chaos --minutes 10 --seed 7`: kill for so long, check everything, print what came of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from . import checker, experiment
from .clients import Plan


def main() -> int:
    """Exit status 1 when anything was lost, doubled, stuck or wrong, or too slow to recover."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed asks for the same runs")
    parser.add_argument("--orders", type=int, default=400, help="real orders among the runs")
    parser.add_argument("--width", type=int, default=24, help="runs that each of two clients has open at a time")
    parser.add_argument("--folder", type=Path, default=Path("var/chaos"))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    plan = Plan(given.seed, given.width, deliveries=0.3)
    result = experiment.run(given.folder.absolute(), given.minutes, plan, given.orders)
    given.folder.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(experiment.told(result))
    return 1 if any(result[name] for name in (*checker.KINDS, "beyond")) else 0


if __name__ == "__main__":
    sys.exit(main())
