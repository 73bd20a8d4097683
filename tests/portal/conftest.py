"""The portal in tests: all of it over empty databases, with the sagas in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

import portal
from domains.kernel.config import Settings
from saga import flows, transports
from saga.transports import inline

from .stall import Stall


@pytest.fixture
def app(databases: Settings) -> Flask:
    """The portal over empty databases, in a process that holds services and users."""
    flows.load()
    return portal.create_app(replace(databases, domains="services,users"))


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
