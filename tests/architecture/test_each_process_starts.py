"""Each process loads what it is for and no more: a worker no web framework, a web process of one domain no other."""

from __future__ import annotations

import os
import subprocess
import sys

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
import wsgi
import api, portal
from gateway.routes import API, owner_of
apps = {"": portal.create_app(wsgi.settings), API: api.create_app(wsgi.settings)}
owners = {owner_of(prefix + str(rule)) for prefix, app in apps.items() for rule in app.url_map.iter_rules()}
print(*owners - {None})
"""


def printed(code: str, *arguments: str, **environ: str) -> list[str]:
    """The words that a fresh interpreter prints."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSALES_")}
    command = [sys.executable, "-W", "error::DeprecationWarning:domains", "-c", code, *arguments]
    answer = subprocess.run(command, cwd=ROOT, env=outside | environ, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.split()


def test_workers_coordinator_and_scheduler_load_no_web_framework() -> None:
    assert set(printed(WORKERS, *NAMES)).isdisjoint(WEB)


def test_the_command_line_loads_neither_the_web_nor_the_database() -> None:
    assert set(printed("import sys, cli, processes; print(*sys.modules)")).isdisjoint({*WEB, "saga", "rq", "alembic"})


@pytest.mark.slow
@pytest.mark.parametrize("domain", [*NAMES, "all"])
def test_a_web_process_holds_the_addresses_of_its_domains_only(domain: str, settings: Settings) -> None:
    owners = set(printed(WEB_PROCESS, **as_environment(settings) | {"CLOUDSALES_DOMAINS": domain}))

    assert owners == (set(NAMES) if domain == "all" else {domain})


SURFACE_PROCESS = """
import wsgi
from werkzeug.test import Client
client = Client(wsgi.application)
print(*[client.get(path).status_code for path in ("/login", "/api/v1/openapi.json", "/healthz")])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("surface", "login", "document"), [("portal", "200", "404"), ("api", "404", "200")])
def test_a_web_process_answers_for_its_surfaces_only(
    surface: str, login: str, document: str, settings: Settings
) -> None:
    answers = printed(SURFACE_PROCESS, **as_environment(settings) | {"CLOUDSALES_SURFACES": surface})

    assert answers == [login, document, "200"]
