"""What we ship is known by name, version and hash, and was looked through."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.sbom import sbom

from .reading import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.asvs("15.1.2")
def test_the_list_of_what_an_image_holds_is_complete_and_the_same_each_time() -> None:
    made = sbom()
    text = (ROOT / "requirements-azure.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9_.-]+)==([^ ;\\]+)", text, re.M))

    listed = {one["name"]: one["version"] for one in made["components"]}  # type: ignore[attr-defined]
    assert set(locked.items()) <= set(listed.items())
    assert {"htmx", "tabler"} <= set(listed)
    assert made["bomFormat"] == "CycloneDX"
    assert json.dumps(sbom(), sort_keys=True) == json.dumps(made, sort_keys=True)


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"))

    bare = [entry.split("\n")[0] for entry in entries if "==" in entry.split("\n")[0] and "--hash=sha256:" not in entry]
    assert bare == []


def test_packages_are_installed_by_their_hashes_everywhere() -> None:
    for name in ("tools/install.sh", "Dockerfile"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert unsure(text) == [] and "--require-hashes" in text, name


def unsure(text: str) -> list[str]:
    """Lines that install what could be anything; our own folder comes without what it needs."""
    installs = [line.strip() for line in text.splitlines() if re.search(r"\bpip install\b|\buv\[@\]", line)]
    return [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line
            and not line.startswith("local uv=(")]  # fmt: skip


def test_a_package_that_is_installed_by_its_name_alone_is_seen() -> None:
    assert unsure("x=1\n.venv/bin/python -m pip install --quiet uv || true\nRUN pip install -r a.lock\n") == [
        ".venv/bin/python -m pip install --quiet uv || true", "RUN pip install -r a.lock",
    ]  # fmt: skip


def bandit(*paths: Path | str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("bandit"), "-q", "-r", "-c", ROOT / "bandit.yaml", *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_bandit_sees_what_it_is_there_for(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text('import hashlib\nq = f"SELECT * FROM t WHERE a = {x}"\nhashlib.md5(b"")\n')

    told = bandit(tmp_path)

    assert told.returncode == 1
    assert "B608" in told.stdout and "B324" in told.stdout
