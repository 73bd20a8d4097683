"""Golden timelines: a run under way goes on as it was begun, whatever has been deployed since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from saga import flows
from saga.definition import known, saga_of

from .golden.replay import FOLDER, replayed

FILES = sorted(FOLDER.glob("*.json"))
ADVICE = """
Runs of {name} version {version} may be under way, and they would now go another way than they were begun on.
If the flow was changed: give it a new version and keep the old definition beside it, until no run of it is under way.
If the coordinator was changed, on purpose and for runs under way too: record anew, python -m tests.saga.golden
"""


@pytest.fixture(scope="module", autouse=True)
def declared() -> None:
    flows.load()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_timeline_is_decided_as_it_was(path: Path) -> None:
    kept = json.loads(path.read_text())

    complaint = complaint_about(kept)

    assert not complaint, complaint


def test_each_flow_has_its_timelines() -> None:
    for name in flows.NAMES:
        saga = saga_of(name.replace("_", "-"), newest(name.replace("_", "-")))
        found = [path.stem for path in FILES if path.stem.startswith(f"{saga.name}-{saga.version}-")]
        assert len(found) == 7, f"{saga.name} version {saga.version} has {found}: python -m tests.saga.golden"


def test_a_flow_that_was_changed_under_its_version_is_told_what_to_do() -> None:
    kept = json.loads((FOLDER / "sync-catalogue-1-well.json").read_text())
    changed = kept | {"shape": [*kept["shape"], "query services.look_again"]}
    otherwise = json.loads(
        json.dumps(kept).replace("services.pull_catalogue F no. 1", "services.pull_catalogue F no. 2")
    )

    assert complaint_about(kept) == ""
    for wrong in (changed, otherwise, kept | {"version": 99}):
        assert "give it a new version and keep the old definition beside it" in complaint_about(wrong)


def newest(name: str) -> int:
    """The newest version of a flow."""
    return max(version for known_name, version in known() if known_name == name)


def complaint_about(kept: dict[str, Any]) -> str:
    """What is not as it was kept; empty when all is."""
    name, version = kept["definition"], kept["version"]
    advice = ADVICE.format(name=name, version=version)
    try:
        saga = saga_of(name, version)
    except KeyError:
        return f"{name} version {version} is not declared any more.{advice}"
    now = replayed(kept, saga)
    if now["shape"] != kept["shape"]:
        return f"The definition of {name} version {version} was changed.{advice}"
    for number, (then, again) in enumerate(zip(kept["turns"], now["turns"], strict=True)):
        for part in then["decided"]:
            if then["decided"][part] != again["decided"][part]:
                was, is_ = then["decided"][part], again["decided"][part]
                return f"Turn {number} ({then['event']}) of {name}: {part} was\n{was}\nand is\n{is_}{advice}"
    return ""
