"""The portal in tests: all of it over empty databases, with the sagas in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

import portal
from domains.kernel.config import Settings
from saga import flows, transports
from saga.transports import inline

from .stall import Stall


@pytest.fixture(scope="session")
def compiled(session_folder: Path) -> FileSystemBytecodeCache:
    """Templates that another app of this test run has compiled."""
    return FileSystemBytecodeCache(str(session_folder))


@pytest.fixture
def app(databases: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    """The portal over empty databases, in a process that holds services and users."""
    return made(replace(databases, domains="services,users"), compiled)


def made(settings: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    """A portal with these settings."""
    flows.load()
    app = portal.create_app(settings)
    app.jinja_env.bytecode_cache = compiled
    return app


@pytest.fixture
def transport() -> Iterator[inline.Transport]:
    """Sagas that stand still until the test says `run_until_quiet()`."""
    made = inline.Transport()
    with transports.using(made):
        yield made


@pytest.fixture
def stall(app: Flask, transport: inline.Transport) -> Stall:
    """A customer with one account and three offers to choose from."""
    return Stall.open(app, transport)
