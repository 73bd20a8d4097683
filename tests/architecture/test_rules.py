"""Rules that no linter knows: who may commit, read the environment, tell the time, make ids or import by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from .reading import ENTRY_POINTS, PACKAGES, ROOT, Source, dotted, functions, is_view, plant, refuse, sources

# What is called or read, who alone may do so, and why. The sandbox is somebody else's system and keeps its own time.
ENDS_TRANSACTIONS = {"commit", "flush", "rollback"}
RESERVED = {
    ("os.environ", "os.getenv", "os.putenv"): (
        "settings are read once, by kernel.config",
        {"domains/kernel/config.py", "cli.py", "processes.py", "topology.py", "doctor.py", "sandbox/*"},
    ),
    ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "time.time"): (
        "processes do not decide by their own clock: use kernel.clock",
        # the portal shows the time; a token, a Retry-After, a webhook and a last call name one; the demo begins today
        {"domains/kernel/clock.py", "domains/kernel/azure.py", "domains/kernel/assertion.py", "domains/users/tokens/*",
         "portal/reader.py", "domains/services/providers/wire.py", "domains/services/providers/hooks.py",
         "domains/services/providers/gate.py", "demo/seed.py", "sandbox/*"},
    ),
    ("uuid4", "uuid1", "uuid.uuid4", "uuid.uuid1", "uuid_utils.uuid7", "uuid7"): (
        "ids come from kernel.database.new_id",
        {"domains/kernel/columns.py", "sandbox/*"},
    ),
    ("random.random", "random.choice", "random.randint", "random.shuffle", "random.uniform", "random.Random"): (
        "nothing is decided by chance; secrets come from kernel.crypto",
        {"saga/coordinator.py", "demo/*", "sandbox/*"},
    ),
    ("import_module", "importlib.import_module", "__import__"): (
        "import-linter cannot see it",
        {"wsgi.py", "cli.py", "topology.py", "portal/__init__.py", "api/__init__.py", "saga/worker.py",
         "saga/flows/__init__.py", "saga/housekeeping.py", "saga/transports/__init__.py",
         "saga/transports/inline.py", "saga/relay.py", "gateway/health.py", "migrations/env.py",
         "migrations/rights.py"},
    ),
}  # fmt: skip
BEHIND_THE_DOOR = re.compile(r"domains\.(?!kernel)\w+\.(queries|commands)\.")
FORBIDDEN_IMPORTS = {
    "pyodbc": ("", "SQLAlchemy imports it when a URL asks for it"),
    "sqlalchemy": ("portal api", "a surface holds no SQL"),
    "sandbox": (" ".join(PACKAGES), "the provider is met over HTTP"),
    **{name: (" ".join(PACKAGES), "nobody imports an entry point") for name in ENTRY_POINTS},
}


def broken_rules(root: Path) -> Iterator[str]:
    for source in [*sources(root), *sources(root, "migrations")]:
        yield from _reserved(source)
        yield from _transactions(source)
        yield from _imports(source)
        yield from _doors(source)
        yield from _views(source)


def _reserved(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        name = dotted(node)
        for names, (why, allowed) in RESERVED.items():
            if name in names and not any(fnmatch(source.path, one) for one in allowed):
                yield f"{source.path}:{node.lineno} {name}: {why}"  # type: ignore[attr-defined]


def _transactions(source: Source) -> Iterator[str]:
    """A `flush` that is needed for its order says so in a comment beside it."""
    if source.path.startswith(("domains/kernel/", "sandbox/")) or "/" not in source.path:
        return
    lines = source.text.splitlines()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ENDS_TRANSACTIONS:
            if node.func.attr == "flush" and "  # " in lines[node.lineno - 1]:
                continue
            yield f"{source.path}:{node.lineno} {node.func.attr}: whoever opens a session owns the transaction"


def _imports(source: Source) -> Iterator[str]:
    package = source.path.split("/")[0]
    for node in ast.walk(source.tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            where, why = FORBIDDEN_IMPORTS.get(name.split(".")[0], ("-", ""))
            if name.startswith(("sqlalchemy.orm", "sqlalchemy.exc")):  # the session's type, and errors to map
                continue
            if (not where or package in where.split()) and package != name.split(".")[0]:
                yield f"{source.path}:{node.lineno} import {name}: {why}"


def _doors(source: Source) -> Iterator[str]:
    """A surface comes in through a domain's front doors, not through the rooms behind them."""
    if source.path.startswith(("portal/", "api/", "gateway/", "demo/", "saga/")):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and re.match(
                r"domains\.(?!kernel)\w+\.(queries|commands)\.", node.module or ""
            ):
                yield f"{source.path}:{node.lineno} from {node.module}: import it from the package above"


def _views(source: Source) -> Iterator[str]:
    if not source.path.startswith(("portal/", "api/")):
        return
    for function in functions(source.tree):
        if is_view(function) and any(isinstance(node, ast.Try) for node in ast.walk(function)):
            yield f"{source.path}:{function.lineno} {function.name}: no try in a view; errors map once per surface"


def test_the_rules_hold() -> None:
    refuse(broken_rules(ROOT))


def test_each_broken_rule_is_seen(tmp_path: Path) -> None:
    plant(tmp_path, "domains/billing/commands.py", "session.commit()\nsession.flush()\nsession.flush()  # ids first\n")
    plant(tmp_path, "domains/billing/queries.py", "import os, uuid, datetime\nos.environ['X']\nuuid.uuid4()\n")
    plant(tmp_path, "domains/users/events.py", "datetime.now(UTC)\ntime.time()\nrandom.random()\nimport pyodbc\n")
    plant(tmp_path, "domains/users/commands.py", "import cli\nimport sandbox.catalogue\nimport_module('x')\n")
    plant(tmp_path, "saga/flows/order.py", "from domains.services.queries.offers import find\n")
    plant(
        tmp_path, "portal/users.py", "from sqlalchemy import select\n@bp.get('/')\ndef show():\n try: x\n except E: y\n"
    )

    faults = [fault.split(": ")[0].split(maxsplit=1)[1] for fault in broken_rules(tmp_path)]
    assert sorted(faults) == sorted([
        "import sqlalchemy", "show", "import_module", "import cli", "import sandbox.catalogue", "datetime.now",
        "time.time", "random.random", "import pyodbc", "os.environ", "uuid.uuid4", "commit", "flush",
        "from domains.services.queries.offers",
    ])  # fmt: skip
