"""Each process loads what it is for and no more: a worker no web framework, a web process of one domain no other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from domains import NAMES
from domains.kernel.config import Settings
from topology import as_environment

from .reading import ROOT

WEB = ("flask", "flask_smorest", "werkzeug", "jinja2", "marshmallow", "wtforms")

WORKERS = """
import sys
import saga.worker, saga.coordinator, saga.scheduler, saga.flows, saga.transports.rq
from importlib import import_module
from importlib.util import find_spec
saga.flows.load()
for domain in sys.argv[1:]:
    for kind in ("models", "reactions", "exchanges"):
        if find_spec(f"domains.{domain}.{kind}"):
            import_module(f"domains.{domain}.{kind}")
print(*sys.modules)
"""
WEB_PROCESS = """
import sys
import wsgi
assert callable(wsgi.application)
print(*sys.modules)
"""


def loaded(code: str, *arguments: str, **environ: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after some code."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSALES_")}
    command = [sys.executable, "-W", "error::DeprecationWarning:domains", "-c", code, *arguments]
    answer = subprocess.run(command, cwd=ROOT, env=outside | environ, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return set(answer.stdout.split())


def test_workers_coordinator_and_scheduler_load_no_web_framework() -> None:
    assert loaded(WORKERS, *NAMES).isdisjoint(WEB)


def test_the_command_line_loads_neither_the_web_nor_the_database() -> None:
    assert loaded("import sys, cli, processes; print(*sys.modules)").isdisjoint({*WEB, "saga", "rq", "alembic"})


@pytest.mark.slow
@pytest.mark.parametrize("domain", [*NAMES, "all"])
def test_a_web_process_can_hold_one_domain_or_all(domain: str, settings: Settings, tmp_path: Path) -> None:
    modules = loaded(WEB_PROCESS, **as_environment(settings) | {"CLOUDSALES_DOMAINS": domain})

    blueprints = {name for name in NAMES if f"portal.{name}" in modules or f"api.{name}" in modules}
    assert blueprints == (set(NAMES) if domain == "all" else {domain})
