"""The API in tests."""

from __future__ import annotations

import pytest
from flask import Flask

import api
from domains.kernel.config import Settings


@pytest.fixture
def app(databases: Settings) -> Flask:
    """The API of all domains over empty databases."""
    return api.create_app(databases)
