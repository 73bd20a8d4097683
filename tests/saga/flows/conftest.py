"""All domains over empty databases, sagas in this process, and the real sandbox in a process of its own."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from domains.kernel import config, database
from domains.kernel.config import Settings
from saga import flows, transports
from saga.transports import inline
from tests.conftest import Clock
from tests.domains.services.conftest import SECRET, Sandbox, wait_for
from tests.domains.services.conftest import scripted as scripted
from tests.servers import free_port

from .shop import Shop


@pytest.fixture(scope="session")
def running_sandbox(session_folder: Path) -> Iterator[Sandbox]:
    """One sandbox for all flows; its documents are its own."""
    port = free_port()
    books = session_folder / f"sandbox-{port}.sqlite3"  # a package that borrows this fixture has a sandbox of its own
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--demo", "--database", str(books)]
    environ = os.environ | {"SANDBOX_CLIENT_ID": "tests", "SANDBOX_CLIENT_SECRET": SECRET}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}")
        yield Sandbox(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def sandbox(databases: Settings, running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox behind this test's settings: orders and changes are done at once, no faults, silence lasts 1 s."""
    there = replace(databases, provider_url=running_sandbox.url, provider_timeout=1.0)
    database.bind(replace(there, provider_client_id="tests", provider_client_secret=SECRET))
    running_sandbox.control("PUT", "settings", order_seconds=0, change_seconds=0)
    yield running_sandbox
    running_sandbox.control("DELETE", "faults")


@pytest.fixture
def clock(sandbox: Sandbox) -> Iterator[Clock]:
    """Our clocks, held at the sandbox's time until the test moves them."""
    made = Clock(datetime.fromisoformat(sandbox.control("GET", "clock")["now"]))
    yield made
    made.held.close()


@pytest.fixture
def transport(sandbox: Sandbox) -> Iterator[inline.Transport]:
    """All domains' commands and events, in this process."""
    flows.load()
    made = inline.Transport()
    with transports.using(made):
        yield made


@pytest.fixture(scope="session")
def opened() -> list[Shop]:
    """The shop that the first test has opened."""
    return []


@pytest.fixture
def shop(transport: inline.Transport, clock: Clock, sandbox: Sandbox, opened: list[Shop], session_folder: Path) -> Shop:
    """A customer with an open account before a full catalogue. Opened once: its SQLite files are copied."""
    settings, kept = config.current(), session_folder / f"opened-{id(opened)}"
    files = Path(settings.var) / "db"
    if settings.database_url or not opened:
        made = Shop(clock, sandbox)
        made.open()
        opened.append(made)
        database.bind(settings)  # closes what is open, so that the files are whole
        if not settings.database_url:
            shutil.copytree(files, kept)
        return made
    database.bind(settings)
    shutil.copytree(kept, files, dirs_exist_ok=True)
    found = copy.copy(opened[0])
    found.clock = clock
    return found
