"""Reads the project's files for the guards, which look at properties of the code rather than at what it does.

A guard is a function from a folder to the faults found in it, so that each can be shown a planted fault.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("portal", "api", "gateway", "demo", "saga", "domains", "sandbox")
ENTRY_POINTS = ("wsgi", "cli", "doctor", "installation", "processes", "topology", "migrations")


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str  # below the folder that is looked at
    text: str

    @property
    def tree(self) -> ast.Module:
        return parsed(self.text)

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def sources(root: Path, *folders: str) -> Iterator[Source]:
    """The Python files of some folders of a tree; all of ours and the entry points when none is named."""
    for folder in folders or PACKAGES:
        for path in sorted((root / folder).rglob("*.py")):
            yield Source(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    if not folders:
        for path in sorted(root.glob("*.py")):
            yield Source(path.name, path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an attribute or name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""


def is_view(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is registered for a URL: decorated with `@….get(…)` and the like."""
    calls = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    verbs = {"route", "get", "post", "put", "patch", "delete"}
    return any(isinstance(call, ast.Attribute) and call.attr in verbs for call in calls)


def committed(root: Path = ROOT) -> list[Path]:
    """The files that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    return [root / name for name in names if name and (root / name).is_file()]


def plant(root: Path, path: str, text: str) -> Path:
    """Put a file into a tree made for a test; gives the tree."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return root


def refuse(faults: Iterator[str]) -> None:
    """Fail with one line for each fault."""
    lines = sorted(set(faults))
    assert not lines, "\n" + "\n".join(lines)
