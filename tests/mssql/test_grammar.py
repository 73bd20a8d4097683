"""A parser of T-SQL reads what is committed here. It is milder than Azure SQL, but knows what is no T-SQL at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter

FILES = sorted(Path(__file__).parent.glob("*/*.sql"))
LINTER = Linter(config=FluffConfig(overrides={"dialect": "tsql"}))


def unreadable(text: str) -> list[str]:
    """What the parser cannot read of some statements."""
    text = re.sub(r"\(?__\[POSTCOMPILE_(\w+)\]\)?", r"(@\1)", text)
    text = re.sub(r"\bdefinition\b", "[definition]", re.sub(r"(?<=[ (]):(\w+)", r"@\1", text))  # a word like any other
    return [str(fault) for fault in LINTER.parse_string(text.replace("…\n", "*\n").replace(" OR …", "")).violations]


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_committed_is_t_sql(path: Path) -> None:
    assert unreadable(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("told", ["SELECT id FROM run LIMIT 3;", "SELECT id FROM run FOR UPDATE;",
                                  "INSERT INTO run (id) VALUES (:id) ON CONFLICT DO NOTHING;"])  # fmt: skip
def test_what_is_no_t_sql_is_seen(told: str) -> None:
    assert unreadable(told) != []
