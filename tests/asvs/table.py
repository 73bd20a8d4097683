"""Which demands of the ASVS are covered, by which tests: read from the marks in the tests, never typed by hand."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.reading import ROOT, dotted

ROWS = Path(__file__).with_name("rows.toml")
NAMED = 124  # ids that the reference names one by one; ranges are written out below, and one of level 3 is held as well


@dataclass(frozen=True)
class Row:
    """One demand: our sentence for it, the tests that show it, or why there are none."""

    id: str
    text: str
    tests: tuple[str, ...]
    absent: str = ""
    manual: str = ""

    @property
    def status(self) -> str:
        if self.tests:
            return "covered"
        return "absent" if self.absent else "manual" if self.manual else "open"


def besides() -> dict[str, str]:
    """Ids that tests show although nobody has asked us for them."""
    written: dict[str, str] = tomllib.loads(ROWS.read_text(encoding="utf-8"))["besides"]
    return written


def given() -> tuple[dict[str, dict[str, str]], list[str]]:
    """The rows as they are written down, and the ids that are still open."""
    written = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    rows = {key: {"text": value} if isinstance(value, str) else value for key, value in written["rows"].items()}
    return rows, written["open"]


def table(root: Path = ROOT) -> list[Row]:
    """Every row with its tests, in the order of the ids."""
    shown: dict[str, list[str]] = {}
    for one, test in marks(root):
        shown.setdefault(one, []).append(test)
    rows, _ = given()
    rows |= {key: {"text": text} for key, text in besides().items() if key in shown}
    return [Row(key, tests=tuple(sorted(set(shown.get(key, ())))), **facts) for key, facts in
            sorted(rows.items(), key=lambda row: [int(part) for part in row[0].split(".")])]  # fmt: skip


def marks(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Each id that a test carries, with the test; a mark on a module is each of its tests'."""
    for folder in ("tests", "e2e"):
        for path in sorted((root / folder).rglob("test_*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            tests = [node for node in ast.walk(tree)
                     if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]  # fmt: skip
            for_all = [one for node in tree.body if _is_pytestmark(node) for one in _ids(node)]
            for test in tests:
                own = [one for decorator in test.decorator_list for one in _ids(decorator)]
                for one in (*for_all, *own):
                    yield one, f"{path.relative_to(root)}::{test.name}"


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [dotted(target) for target in node.targets] == ["pytestmark"]


def _ids(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and dotted(call.func) == "pytest.mark.asvs":
            yield from (str(argument.value) for argument in call.args if isinstance(argument, ast.Constant))
