"""The documents hold together: what they link to and name is there, decisions are numbered, nothing names a machine."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from .reading import ROOT, committed, functions, parsed, plant, refuse

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w./-]+\.py):([\w.]+)`")  # `saga/store.py:start`
LINKED = re.compile(r"\[`([\w.]+)`\]\(([^)\s]+\.py)\)")  # [`start`](../saga/store.py)
FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|html|sh))`")  # `portal/orders.py`
# Written in pieces, so that this file does not find itself.
MACHINES = re.compile("|".join((
    "/" + "root/", "/" + "work/(main|notes|shared)", "/" + "home/[a-z]", "pypi" + r"\.org", "pythonhosted" + r"\.org",
    "registry" + r"\.npmjs", "deb" + r"\.debian\.org",
)))  # fmt: skip
TEXTS = {".py", ".md", ".cfg", ".toml", ".ini", ".html", ".css", ".js", ".sh", ".yaml", ".yml", ".json", ".lock",
         ".txt", ".template", ".mako", ".po", ""}  # fmt: skip


def broken_links(root: Path, documents: Iterable[Path]) -> Iterator[str]:
    for document in documents:
        for target in LINK.findall(without_code(document.read_text(encoding="utf-8"))):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            found = document if not path else (root / path[1:] if path.startswith("/") else document.parent / path)
            if not found.exists():
                yield f"{document.relative_to(root)}: {target} leads nowhere"
            elif anchor and found.suffix == ".md" and anchor not in anchors(found):
                yield f"{document.relative_to(root)}: {target} has no such heading"


def broken_names(root: Path, documents: Iterable[Path]) -> Iterator[str]:
    """Files, functions and classes that a document names and the code does not have."""
    for document in documents:
        text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
        named = [(root / path, name) for path, name in NAMED.findall(text)]
        named += [((document.parent / path).resolve(), name) for name, path in LINKED.findall(text)]
        named += [(root / path, "") for path in FILE.findall(text)]
        for path, name in named:
            if not path.is_file():
                yield f"{document.relative_to(root)}: there is no {path}"
            elif name and name not in defined(path):
                yield f"{document.relative_to(root)}: {path.relative_to(root)} has no {name}"


def defined(path: Path) -> set[str]:
    """The functions, classes, methods (`Class.method`) and values that a file defines."""
    found: set[str] = set()
    for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}" for inner in functions(node)}
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def shared_numbers(root: Path) -> Iterator[str]:
    names = [path.name for path in (root / "docs" / "adr").glob("*.md") if path.name != "README.md"]
    for name in names:
        if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name):
            yield f"docs/adr/{name}: name it like 0007-what-was-decided.md"
    for number, times in Counter(name[:4] for name in names).items():
        if times > 1:
            yield f"docs/adr: {times} decisions have the number {number}"


def machines(root: Path, files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        if path.suffix in TEXTS:
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), start=1):
                if MACHINES.search(line):
                    yield f"{path.relative_to(root)}:{number} names a machine or a registry"


def test_every_link_in_the_documents_leads_somewhere() -> None:
    refuse(broken_links(ROOT, [path for path in committed() if path.suffix == ".md"]))


def test_the_code_that_the_documents_name_is_there() -> None:
    refuse(broken_names(ROOT, [path for path in committed() if path.suffix == ".md"]))


def test_no_two_decisions_share_a_number() -> None:
    refuse(shared_numbers(ROOT))


def test_nothing_names_a_machine_or_a_registry() -> None:
    refuse(machines(ROOT, committed()))


def test_broken_documents_are_seen(tmp_path: Path) -> None:
    plant(
        tmp_path, "docs/adr/0001-one.md", "# One\n[two](0002-two.md) [one](#one) [none](#none) [web](https://x.example)"
    )
    plant(tmp_path, "docs/adr/0001-another.md", "[up](/README.md)")
    plant(tmp_path, "docs/adr/notes.md", "see /" + "root/.cache")
    plant(tmp_path, "saga/store.py", "class Run:\n    def go(self): ...\nKEPT = 1\ndef start(): ...\n")
    names = (
        "`saga/store.py:start` `saga/store.py:Run.go` [`KEPT`](../saga/store.py) `saga/store.py:stop` `saga/none.py:x`"
    )
    plant(tmp_path, "docs/tour.md", names + " [`gone`](../saga/store.py) `saga/lost.py` `saga/store.py`")
    documents = sorted(tmp_path.rglob("*.md"))

    assert len(list(broken_links(tmp_path, documents))) == 3
    assert len(list(broken_names(tmp_path, documents))) == 4
    assert len(list(shared_numbers(tmp_path))) == 2
    assert len(list(machines(tmp_path, documents))) == 1
