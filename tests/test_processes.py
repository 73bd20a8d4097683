"""What `cloudsales up` promises about its parts: none is left behind, none stays dead, one that cannot run says why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PARTS = """
import os, signal, sys, time
from pathlib import Path
from processes import CannotRun, Part, Stopped, Supervisor, how, program

def steady():
    time.sleep(600)

def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)

def with_a_child():
    os.fork()
    time.sleep(600)

def broken():
    raise RuntimeError("the reason is here")

try:
    with Supervisor(Path(sys.argv[1]), print) as supervisor:
        for name in sys.argv[2:]:
            supervisor.start(Part(name, globals()[name]))
        supervisor.wait_until(lambda: "broken" not in sys.argv, "all", seconds=20)
        print("ready", flush=True)
        supervisor.supervise()
except Stopped:
    print("stopped")
except CannotRun as why:
    print(why)
    sys.exit(1)
"""

pytestmark = pytest.mark.slow


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def group(pid: int) -> list[int]:
    """The processes of the process group that `pid` leads."""
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [one for one in pids if alive(one) and _group_of(one) == pid]


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


class Running:
    def __init__(self, folder: Path, *parts: str) -> None:
        self.folder = folder
        command = [sys.executable, "-c", PARTS, str(folder), *parts]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()

    def pid_of(self, name: str) -> int:
        return json.loads((self.folder / "processes.json").read_text())[name]

    def end(self) -> str:
        rest, _ = self.process.communicate(timeout=15)
        return rest


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*parts: str) -> Running:
        started.append(Running(tmp_path, *parts))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_ctrl_c_stops_all_parts_and_leaves_nothing_behind(run: Callable[..., Running]) -> None:
    running = run("steady", "with_a_child")
    pids = [running.pid_of("steady"), *group(running.pid_of("with_a_child"))]

    os.killpg(running.process.pid, signal.SIGINT)

    assert "stopped" in running.end()
    assert running.process.returncode == 0
    wait_until(lambda: not any(map(alive, pids)))


def test_a_part_that_is_killed_is_started_again(run: Callable[..., Running]) -> None:
    running = run("steady")
    before = running.pid_of("steady")

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: running.pid_of("steady") != before)
    assert alive(running.pid_of("steady"))
    running.process.terminate()
    assert "steady ended (SIGKILL)" in running.end()


def test_what_a_killed_part_had_started_is_killed_with_it(run: Callable[..., Running]) -> None:
    running = run("with_a_child")
    before = running.pid_of("with_a_child")
    wait_until(lambda: len(group(before)) == 2)

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: not group(before))


def test_no_part_outlives_a_supervisor_that_is_killed(run: Callable[..., Running]) -> None:
    running = run("steady")
    pid = running.pid_of("steady")

    running.process.kill()

    running.end()
    wait_until(lambda: not alive(pid))


def test_a_part_that_does_not_listen_is_killed_in_the_end(run: Callable[..., Running]) -> None:
    running = run("deaf")
    pid = running.pid_of("deaf")
    wait_until(lambda: signal.SIGTERM in _ignored(pid))

    begun = time.monotonic()
    running.process.terminate()

    assert "deaf does not stop, so it is killed" in running.end()
    assert not alive(pid)
    assert time.monotonic() - begun < 10


def _ignored(pid: int) -> set[int]:
    mask = int(Path(f"/proc/{pid}/status").read_text().split("SigIgn:\t")[1].split()[0], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_a_part_that_cannot_stay_up_stops_the_start_and_shows_its_last_words(run: Callable[..., Running]) -> None:
    running = run("broken", "steady")

    told = running.first_line + running.end()

    assert "broken does not stay up; the end of" in told
    assert "RuntimeError: the reason is here" in told
    assert running.process.returncode == 1
