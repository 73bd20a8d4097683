"""`cloudsales doctor`: what this machine has of what the system and its tests need, and how to get the rest."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

import installation
from domains.kernel import policies
from domains.kernel.azure import why
from domains.kernel.config import DATABASES, Settings
from domains.kernel.database import bind, make_engine
from gateway import nginx
from migrations import rights
from saga import flows, gauges


@dataclass(frozen=True)
class Finding:
    """One thing looked for: whether it is there, whether the system needs it to run, and what to do where it is not."""

    what: str
    found: bool
    remedy: str
    needed: bool = True

    def __str__(self) -> str:
        word = "ok" if self.found else "MISSING" if self.needed else "without"
        return f"{word:8} {self.what}" + ("" if self.found else f": {self.remedy}")


def examine(settings: Settings, port: int) -> Iterator[Finding]:
    """Look at everything in turn."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding(f"Python {python}", sys.version_info >= (3, 11), "install Python 3.11 or newer")
    yield from _packages()
    yield from _folder(Path(settings.var))
    yield from _databases(settings)
    yield from _runs(settings)
    yield from _ports(port)
    for what, programs, remedy in (
        ("nginx (gateway)", ("nginx", "/usr/sbin/nginx"), "apt-get install nginx; without it the web serves alone"),
        ("Chromium (end-to-end tests)", ("chromium", "google-chrome"), "apt-get install chromium"),
        ("PostgreSQL (tests)", ("initdb", *map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
         "apt-get install postgresql"),
    ):  # fmt: skip
        yield Finding(what, any(map(shutil.which, programs)), remedy, needed=False)


def _packages() -> Iterator[Finding]:
    """The packages that setup.cfg asks for, in the versions it asks for."""
    remedy = "tools/install.sh run"
    try:
        wanted = [Requirement(line) for line in distribution("cloud-sales-system").requires or ()]
    except PackageNotFoundError:
        yield Finding("this system's own installation", False, remedy)
        return
    wrong = [str(one) for one in wanted if (one.marker is None or one.marker.evaluate()) and not _installed(one)]
    yield Finding(f"Python packages ({', '.join(wrong) or len(wanted)})", not wrong, remedy)


def _installed(wanted: Requirement) -> bool:
    try:
        return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _folder(var: Path) -> Iterator[Finding]:
    parent = var if var.exists() else var.absolute().parent
    yield Finding(f"{var}/ can be written", os.access(parent, os.W_OK), "chown it to this user, or set CLOUDSALES_VAR")
    open_to_others = [path.name for path in (var / "secrets").glob("*") if path.stat().st_mode & 0o077]
    yield Finding("secrets are private", not open_to_others, f"chmod 600 {var}/secrets/*")


def _databases(settings: Settings) -> Iterator[Finding]:
    for name in DATABASES:
        url = settings.database_url_of(name)
        if url.startswith("sqlite"):
            continue
        engine = make_engine(url)
        try:
            with engine.connect() as connection:
                yield Finding(f"database {name}", True, "")
                yield _policies(connection, name)
                yield _role(connection, name, settings.is_production)
        except DBAPIError as error:
            yield Finding(f"database {name}", False, why(error.orig or error))
        finally:
            engine.dispose()


def _policies(connection: Connection, name: str) -> Finding:
    """Whether each table of tenants is held by its policy."""
    database = rights.database_of(name)
    loose = [table.name for table in policies.unheld(connection, database.metadata)] if database.shielded else []
    what = f"row-level security of {name}" + (f" (not {', '.join(loose)})" if loose else "")
    return Finding(what, not loose, "cloudsales migrate")


def _role(connection: Connection, name: str, in_production: bool) -> Finding:
    """Whether the processes connect as somebody whom the policies and the rights on the audit trail hold."""
    found = policies.standing(connection)
    what = f"role of {name}" + (f" (is {policies.STANDINGS[found]})" if found else "")
    remedy = "another role in DATABASE_URL than in DATABASE_OWNER_URL, see docs/tenancy.md"
    return Finding(what, not found, remedy, needed=in_production)


def _runs(settings: Settings) -> Iterator[Finding]:
    """Whether this release knows the sagas of all runs under way: nobody carries the others on."""
    url = make_url(settings.database_url_of("saga"))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return  # there is no run yet, and looking would make the file
    flows.load()
    bind(settings)
    try:
        unknown = gauges.unknown_versions()
    except DBAPIError:  # no tables yet, or no server, which was said above
        return
    names = ", ".join(f"{name}: {count}" for name, count in unknown.items())
    remedy = "keep a coordinator of the release that knows them running beside this one"
    yield Finding(f"runs that this release knows{f' (not {names})' if names else ''}", not unknown, remedy)


def _ports(port: int) -> Iterator[Finding]:
    for number, what in installation.ports(port, nginx.installed() is not None).items():
        try:
            installation.check_port_free(number, what)
            yield Finding(f"port {number} ({what}) is free", True, "")
        except installation.CannotStart:
            remedy = "in use, by this system if it runs; else choose others with PORT=…"
            yield Finding(f"port {number} ({what})", False, remedy, needed=False)
