"""Things are called what the glossary calls them, and no file is a drawer for odds and ends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from domains import NAMES

from .reading import PACKAGES, ROOT, Source, plant, refuse, sources

DRAWERS = {"utils", "util", "common", "base", "misc", "manager", "managers", "service", "helpers", "helper", "lib",
           "stuff", "tools", "shared", "core", "general"}  # fmt: skip
KINDS = {"__init__", "models", "commands", "queries", "events", "reactions", "errors", "exchanges", "personal"}
FURTHER = {  # decision 10
    "services": {"pricing", "lots", "providers"},
    "billing": {"tax", "numbering", "documents"},
    "support": {"sla"},
    "users": {"oidc", "policy", "tokens"},
    "notifications": {"channels"},
}
# The word to use instead; see docs/glossary.md.
WORDS = {
    "ticket": "case", "tickets": "case", "workflow": "saga or flow", "licence": "subscription or seat",
    "license": "subscription or seat", "licences": "subscriptions", "licenses": "subscriptions", "bill": "invoice",
    "bills": "invoices", "dao": "queries", "dto": "model or schema", "repository": "queries", "util": "what it does",
    "utils": "what it does", "helper": "what it does", "helpers": "what it does",
}  # fmt: skip
ROLES = {"manager", "processor", "handler", "controller", "factory", "service"}  # never a class or a module of ours
TAKEN = {"path_helper"}  # names that a library gives us


def drawers(root: Path) -> Iterator[str]:
    for folder in (*PACKAGES, "templates", "static", "tests", "e2e"):
        for path in sorted((root / folder).rglob("*")):
            ours = "node_modules" not in path.parts
            if ours and path.stem in DRAWERS and path.suffix in {"", ".py", ".html", ".css", ".js"}:
                yield f"{path.relative_to(root)}: name it after what it holds"


def strangers(root: Path) -> Iterator[str]:
    """Files in a domain that are none of the kinds a domain is made of."""
    for domain in sorted(path for path in (root / "domains").iterdir() if path.is_dir() and path.name[0] not in "._"):
        if domain.name == "kernel":
            continue
        if domain.name not in NAMES:
            yield f"domains/{domain.name}: not one of the seven domains"
        for path in sorted(domain.iterdir()):
            if path.stem not in KINDS | FURTHER.get(domain.name, set()) and path.name != "__pycache__":
                yield f"{path.relative_to(root)}: not one of the files a domain is made of"


def words_of(name: str) -> list[str]:
    return re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)


def defined(source: Source) -> Iterator[tuple[int, str, bool]]:
    """Every name that a file defines: where, which, and whether it is a class or a function."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name, isinstance(node, ast.ClassDef)
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg, False
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id, False


def foreign_words(root: Path) -> Iterator[str]:
    for source in sources(root, "portal", "api", "gateway", "saga", "domains"):
        for line, name, is_class in defined(source):
            words = [word.lower() for word in words_of(name)]
            for word in words:
                if word in WORDS and name not in TAKEN:
                    yield f"{source.path}:{line} {name}: not “{word}” but “{WORDS[word]}”"
            if is_class and words[-1] in ROLES:
                yield f"{source.path}:{line} {name}: say what it is, not “{words[-1]}”"


def test_no_file_is_a_drawer() -> None:
    refuse(drawers(ROOT))


def test_a_domain_is_made_of_its_kinds_of_files_only() -> None:
    refuse(strangers(ROOT))


def test_names_are_the_glossarys() -> None:
    refuse(foreign_words(ROOT))


def test_wrong_names_are_seen(tmp_path: Path) -> None:
    plant(tmp_path, "domains/accounts/utils.py", "")
    plant(tmp_path, "domains/accounts/policies.py", "")
    plant(tmp_path, "domains/extra/__init__.py", "")
    plant(tmp_path, "templates/base.html", "")
    plant(
        tmp_path,
        "domains/support/commands.py",
        "class CaseManager: ...\ndef open_ticket(session, *, licenceCount): ...",
    )

    assert len(list(drawers(tmp_path))) == 2
    assert [fault.split(":")[0] for fault in strangers(tmp_path)] == [
        "domains/accounts/policies.py", "domains/accounts/utils.py", "domains/extra",
    ]  # fmt: skip
    assert len(list(foreign_words(tmp_path))) == 3
