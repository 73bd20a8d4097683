"""`make bench` for a moment, at a tiny rate: it starts the real system and writes down what others read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.system import ROOT
from benchmarks.tables import document
from benchmarks.visits import BESIDE, FLOOR, MIX
from tests.servers import free_port

pytestmark = pytest.mark.proof


def test_it_measures_the_running_system_and_writes_what_others_read(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    chosen = ["--seconds", "0.4", "--rates", "5,10", "--var", tmp_path / "var", "--port", free_port(), "--output", file]

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, chosen)], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["load"].keys() >= {"reads_per_s", "writes_per_s", "p50_ms", "p95_ms", "p99_ms", "errors", "seconds"}
    assert found.keys() >= {"curve", "cost_ms", "cpu", "machine", "writes"}
    assert found["cost_ms"].keys() == {*FLOOR, *MIX, *BESIDE}
    assert not [kind for kind, cost in found["cost_ms"].items() if cost["errors"]], "every kind is answered as planned"
    assert found["writes"]["completed"] == found["writes"]["orders"] == 1
    assert found["curve"][0]["offered_per_s"] == 5
    assert "| 5 | " in "\n".join(document(found)), "it can be put into the documents"
    assert {"web", "workers", "coordinator", "scheduler", "queue", "load generator"} <= found["cpu"]["load"].keys()
