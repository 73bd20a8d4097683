"""The real system, started for the measurement on a folder and ports of its own, and what each of its parts uses."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
STARTS_WITHIN = 180.0  # seconds, with the demo


@dataclass(frozen=True)
class Usage:
    """CPU seconds used so far: by each part with its children, and by the whole machine."""

    parts: dict[str, float]
    machine: float
    at: float = field(default_factory=time.perf_counter)

    def since(self, before: Usage) -> dict[str, float]:
        return {part: spent - before.parts.get(part, 0.0) for part, spent in self.parts.items()}


@dataclass(frozen=True)
class System:
    """A running system."""

    var: Path
    pid: int

    @property
    def demo(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.var / "demo.json").read_text())
        return found

    def usage(self) -> Usage:
        """What has been used up to now; the workers are counted together."""
        parents, spent = {}, {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            # with the time of children that have ended: a PDF is made in a process of its own
            parents[int(path.parent.name)], spent[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
        owners = {pid: part_of(name) for name, pid in self._supervised().items()} | {self.pid: "supervisor"}
        parts = dict.fromkeys(owners.values(), 0.0)
        for pid, ticks in spent.items():
            owner = next((owners[one] for one in line_of(pid, parents) if one in owners), None)
            if owner:
                parts[owner] += ticks / TICKS
        return Usage(parts, machine_busy())

    def _supervised(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.var / "log" / "processes.json").read_text())
        return found


def part_of(name: str) -> str:
    return "workers" if name.startswith("worker-") else name


def line_of(pid: int, parents: dict[int, int]) -> Iterator[int]:
    """A process, its parent, and so on."""
    while pid in parents:
        yield pid
        pid = parents[pid]


def machine_busy() -> float:
    """CPU seconds of all processors that were not idle since the machine started."""
    user, nice, kernel, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + kernel + sum(interrupts)) / TICKS


def emptied(var: Path) -> None:
    """Make the folder anew; refused when something else than a measurement has written into it."""
    mark = var / "only-for-measuring"
    if var.exists() and not mark.exists() and any(var.iterdir()):
        raise SystemExit(f"{var} holds something else: name another folder with --var")
    shutil.rmtree(var, ignore_errors=True)
    var.mkdir(parents=True)
    mark.touch()


@contextmanager
def running(var: Path, port: int) -> Iterator[System]:
    """Run `cloudsales up` within the `with`, with a fresh demo, without limits."""
    emptied(var)
    environ = os.environ | {"CLOUDSALES_VAR": str(var), "CLOUDSALES_LIMITS": "off", "PORT": str(port)}
    with open(var / "up.log", "w") as log:
        command = [sys.executable, str(ROOT / "cli.py"), "up"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        until = time.monotonic() + STARTS_WITHIN
        while not is_ready(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the system did not start:\n{(var / 'up.log').read_text()}")
            time.sleep(0.1)
        yield System(var, process.pid)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
