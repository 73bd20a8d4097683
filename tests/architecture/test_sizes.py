"""Files, functions, views, flows and templates stay small enough to be read in one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from .reading import PACKAGES, ROOT, Source, functions, is_view, plant, refuse, sources

FILE, FUNCTION, VIEW, FLOW, TEMPLATE, CONFTEST, SCRIPT = 300, 30, 12, 60, 100, 150, 60
HAND_WRITTEN = (*PACKAGES, "tests", "e2e", "benchmarks")
CATALOGUES = {"domains/kernel/tables.py"}  # files that only list data


def too_large(root: Path) -> Iterator[str]:
    for source in [*sources(root), *sources(root, *HAND_WRITTEN)]:
        if source.path not in CATALOGUES:
            yield from over(source.path, len(source.text.splitlines()), ceiling_of(source.path))
            yield from too_long(source)
    for path in sorted((root / "templates").rglob("*.html")):
        yield from over(str(path.relative_to(root)), len(path.read_text().splitlines()), TEMPLATE)
    for path in (root / "static").glob("app.js"):
        yield from over("static/app.js", len(path.read_text().splitlines()), SCRIPT)


def ceiling_of(path: str) -> int:
    if path.endswith("conftest.py"):
        return CONFTEST
    return FLOW if path.startswith("saga/flows/") and not path.endswith("__init__.py") else FILE


def too_long(source: Source) -> Iterator[str]:
    for function in functions(source.tree):
        lines = (function.end_lineno or 0) - function.lineno + 1 - docstring_lines(function)
        where = f"{source.path}:{function.lineno} {function.name}"
        yield from over(where, lines, FUNCTION)
        if is_view(function) and source.path.startswith(("portal/", "api/")):
            yield from over(f"{where} (view)", lines, VIEW)


def docstring_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """What is said about a function is not counted as code: saying more must not cost anything."""
    first = function.body[0]
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return (first.end_lineno or 0) - first.lineno + 1 if text else 0


def over(where: str, lines: int, ceiling: int) -> Iterator[str]:
    if lines > ceiling:
        yield f"{where}: {lines} lines, at most {ceiling}"


def test_nothing_is_larger_than_its_ceiling() -> None:
    refuse(too_large(ROOT))


def test_what_is_too_large_is_seen(tmp_path: Path) -> None:
    view = "@bp.get('/')\ndef show():\n" + "    x = 1\n" * 12
    plant(tmp_path, "portal/accounts.py", view)
    plant(tmp_path, "domains/billing/commands.py", "x = 1\n" * 301)
    plant(tmp_path, "saga/flows/place_order.py", "x = 1\n" * 61)
    plant(tmp_path, "saga/worker.py", "def run():\n" + "    x = 1\n" * 30)
    plant(tmp_path, "templates/billing/list.html", "<p>\n" * 101)
    plant(tmp_path, "static/app.js", "x\n" * 61)
    plant(tmp_path, "tests/conftest.py", "x = 1\n" * 151)

    faults = set(too_large(tmp_path))

    assert {fault.split(":")[0] for fault in faults} == {
        "portal/accounts.py", "domains/billing/commands.py", "saga/flows/place_order.py", "saga/worker.py",
        "templates/billing/list.html", "static/app.js", "tests/conftest.py",
    }  # fmt: skip
