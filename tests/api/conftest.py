"""The API in tests: all of it over empty databases, with the sagas in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

import api
from domains.kernel.config import Settings
from saga import transports
from saga.transports import inline


@pytest.fixture
def app(databases: Settings) -> Flask:
    """The API of all domains over empty databases."""
    return api.create_app(databases)


@pytest.fixture
def transport() -> Iterator[inline.Transport]:
    """Sagas that stand still until the test says `run_until_quiet()`."""
    made = inline.Transport()
    with transports.using(made):
        yield made
