"""All domains over empty databases, sagas in this process, and the real sandbox in a process of its own."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domains.kernel import config, database
from saga import flows, transports
from saga.transports import inline
from tests.conftest import Clock
from tests.domains.services.conftest import scripted as scripted
from tests.sandboxes import Sandbox

from .shop import Shop


@pytest.fixture
def clock(sandbox: Sandbox) -> Iterator[Clock]:
    """Our clocks, held at the sandbox's time until the test moves them."""
    made = Clock(sandbox.now)
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
    """A customer with an open account before a full catalogue. Opened once a day: its SQLite files are copied."""
    settings, files = config.current(), Path(config.current().var) / "db"
    if opened and clock.now - opened[0].opened_at > timedelta(days=1):  # the sandbox's clock has been moved since
        opened.clear()
    made = Shop(clock, sandbox)
    kept = session_folder / f"opened-{id(opened)}-{(opened or [made])[0].opened_at:%Y%m%d%H%M%S%f}"
    if settings.database_url or not opened:
        made.open()
        opened.append(made)
        if not settings.database_url:
            database.bind(settings)  # closes what is open, so that the files are whole
            shutil.copytree(files, kept)
        return made
    database.bind(settings)
    shutil.copytree(kept, files, dirs_exist_ok=True)
    found = copy.copy(opened[0])
    found.clock = clock
    return found
