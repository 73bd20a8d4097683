"""A process dies at the place and the time a test has named, as if the power had gone, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
from domains.kernel import failpoint
failpoint.arm({setting!r})
for number in range(4):
    failpoint.reach("before")
    failpoint.reach("here")
    print(number, flush=True)
"""


@pytest.mark.parametrize(("setting", "code", "told"), [("here:3", -9, "0 1"), ("here", -9, ""), ("before:1", -9, ""),
                                                       ("", 0, "0 1 2 3"), ("there:1", 0, "0 1 2 3"),
                                                       ("here:9", 0, "0 1 2 3")])  # fmt: skip
def test_a_process_dies_where_it_is_told_to(setting: str, code: int, told: str) -> None:
    program = [sys.executable, "-c", PROGRAM.format(setting=setting)]

    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)

    assert (done.returncode, " ".join(done.stdout.split()), done.stderr) == (code, told, "")
