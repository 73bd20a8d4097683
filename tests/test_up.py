"""`cloudsales up` for real: it becomes ready, heals itself, keeps its data, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import nginx
from tests.servers import free_port, is_ready, running_system

pytestmark = pytest.mark.slow
PARTS = ("queue", "sandbox", "web", "worker-services", "worker-services-exchange", "coordinator", "scheduler")
PARTS += ("gateway",) * (nginx.installed() is not None)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "var"


@pytest.fixture
def system(var: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    with running_system(var, port) as process:
        yield process, port


def processes(var: Path) -> dict[str, int]:
    return json.loads((var / "log" / "processes.json").read_text())


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)


def below(pid: int) -> set[int]:
    """The process ids of a process's children and theirs."""
    found = {int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()}
    return found | {deeper for child in found for deeper in below(child)}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z" not in _state(pid)}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def test_every_part_that_is_killed_comes_back(system: tuple[subprocess.Popen[str], int], var: Path) -> None:
    _, port = system
    before = processes(var)

    for name in PARTS:
        os.kill(before[name], signal.SIGKILL)

    wait_until(lambda: all(processes(var).get(name, before[name]) != before[name] for name in PARTS))
    wait_until(lambda: is_ready(port), seconds=30)


def test_a_second_start_keeps_the_data_and_ctrl_c_ends_all_of_it(
    system: tuple[subprocess.Popen[str], int], var: Path
) -> None:
    process, port = system
    parts = below(process.pid)

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=12) == 0
    assert not alive(parts)
    assert not is_ready(port)
    assert "seeding" not in (var / "up.log").read_text()


def test_nothing_outlives_a_start_that_is_killed(system: tuple[subprocess.Popen[str], int]) -> None:
    process, _ = system
    parts = below(process.pid)

    process.kill()

    process.wait()
    wait_until(lambda: not alive(parts))
