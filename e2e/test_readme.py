"""What the README promises to somebody who copies its commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.smoke
def test_the_seven_operations_of_the_brief_work_as_the_readme_says(installation: Path, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.findall(r"```sh\n(.*?)```", text, re.S)[1]
    (tmp_path / "var").symlink_to(installation.resolve())

    command = ["bash", "-euo", "pipefail", "-c", block]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    said = run.stdout.splitlines()
    assert said[0].endswith(".ccp.example")
    assert said[1] == "order succeeded"
    assert said[2].startswith("('Intranet', 25, 'active', '20")
    assert said[3:6] == ["change succeeded", "extension succeeded", "cancellation succeeded"]
    assert re.fullmatch(r"\('[A-Z]{2}\d\d-\d{6}', '\d{4}-\d\d-01', '\d+\.\d\d'\)", said[6])
    assert (installation / "invoice.pdf").read_bytes().startswith(b"%PDF-")
