"""The processes of each side, what they use, and what their databases count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.saga.shape import DOMAINS, OURS, THEIRS, TWO_OF_THEIRS
from benchmarks.system import ROOT, TICKS, line_of

DATABASES = {OURS: ("saga", *DOMAINS), THEIRS: tuple(f"dbos_{name}" for name in ("system", *DOMAINS))}
DATABASES[TWO_OF_THEIRS] = DATABASES[THEIRS]


@dataclass
class Bench:
    """A PostgreSQL server and a queue server of this measurement's own, and where its processes write."""

    url: str  # with {domain}
    queue: str
    folder: Path
    started: dict[subprocess.Popen[str], str] = field(default_factory=dict)

    def engine(self, name: str) -> Engine:
        return create_engine(self.url.replace("{domain}", name), isolation_level="AUTOCOMMIT")

    def asked(self, name: str, query: str) -> Any:
        """One value from a database."""
        engine = self.engine(name)
        with engine.connect() as connection:
            value = connection.execute(text(query)).scalar_one()
        engine.dispose()
        return value

    def commits(self, side: str) -> int:
        """How many transactions a side's databases have committed. Exact once its processes have gone."""
        names = ", ".join(f"'{name}'" for name in DATABASES[side])
        query = f"SELECT sum(xact_commit) FROM pg_stat_database WHERE datname IN ({names})"
        return int(self.asked("postgres", query))

    def effects(self, side: str) -> int:
        """How many effects there are in a side's domains; refused when the sums do not agree with them."""
        found = [self.asked(name, "SELECT count(*) FROM effect") for name in DATABASES[side][1:]]
        sums = [self.asked(name, "SELECT coalesce(sum(amount), 0) FROM balance") for name in DATABASES[side][1:]]
        if found != sums or len(set(found)) != 1:
            raise SystemExit(f"{side}: effects {found} and sums {sums} do not agree")
        return sum(found)

    def postmaster(self) -> int:
        folder = str(make_url(self.url).query["host"])
        return int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])

    def used(self) -> Counter[str]:
        """CPU seconds that the processes of the measurement have used so far, but for this one, by what they are."""
        parents, spent = {}, {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            parents[int(path.parent.name)], spent[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
        names = {pid: "queue" for pid, parent in parents.items() if parent == os.getpid()}
        names |= {one.pid: name for one, name in self.started.items()} | {self.postmaster(): "postgresql"}
        found: Any = Counter[str]()
        for pid, ticks in spent.items():
            found[next((names[one] for one in line_of(pid, parents) if one in names), "")] += ticks / TICKS
        del found[""]
        told: Counter[str] = found
        return told


@contextmanager
def side(bench: Bench, name: str, concurrency: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Run a side's processes within the `with`; gives those that start sagas when they are told for how long."""
    with ExitStack() as stack:
        if name == OURS:
            for role in (["coordinator"], *(["worker", domain] for domain in DOMAINS)):
                stack.enter_context(process(bench, "ours", *role))
            starters = [stack.enter_context(process(bench, "ours", "start", str(concurrency)))]
        else:
            count = 2 if name == TWO_OF_THEIRS and concurrency > 1 else 1
            shares = [concurrency // count + (number < concurrency % count) for number in range(count)]
            starters = []
            for number, share in enumerate(shares):  # one after the other: the first makes the tables
                starters.append(stack.enter_context(process(bench, "theirs", "start", str(share), str(number))))
                answer(starters[-1])
        yield starters


@contextmanager
def process(bench: Bench, module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run one process within the `with`; it is asked to stop at the end."""
    own = {"CLOUDSALES_DATABASE_URL": bench.url, "CLOUDSALES_QUEUE_URL": bench.queue, "BENCH_DATABASES": bench.url}
    environ = {key: value for key, value in os.environ.items() if not key.startswith("CLOUDSALES_")} | own
    environ["CLOUDSALES_VAR"] = str(bench.folder)
    command = [sys.executable, "-m", f"benchmarks.saga.{module}", *arguments]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with open(bench.folder / f"{module}-{'-'.join(arguments)}.log", "a") as log:
        started = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log, **pipes)
    bench.started[started] = f"{arguments[0]}s" if arguments[0] == "worker" else arguments[0]
    try:
        yield started
    finally:
        assert started.stdin is not None
        started.stdin.close()
        if arguments[0] in ("coordinator", "worker"):
            started.terminate()
        started.wait(timeout=30)
        del bench.started[started]


def answer(started: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that a process says, as JSON; whatever else its libraries print is passed over."""
    assert started.stdout is not None
    for line in started.stdout:
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise SystemExit(f"a process ended: {started.args!r}")


def go(starters: list[subprocess.Popen[str]], seconds: float) -> list[dict[str, Any]]:
    """Have sagas started for so long, and wait until the last has ended."""
    for one in starters:
        assert one.stdin is not None
        one.stdin.write(f"{seconds}\n")
        one.stdin.flush()
    return [answer(one) for one in starters]


def rested(bench: Bench, seconds: float) -> float:
    """CPU seconds that are used within some seconds in which nobody asks for anything."""
    before = bench.used()
    time.sleep(seconds)
    return (bench.used() - before).total()
