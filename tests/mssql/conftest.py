"""Snapshots of what Azure SQL would be told, beside the tests that hold the product to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-snapshots", action="store_true", help="write tests/mssql/**/*.sql anew, then read the diff"
    )


@pytest.fixture
def same_as_snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Hold a text to the committed file of that name; `pytest tests/mssql --renew-snapshots` writes it anew."""

    def hold(name: str, text: str) -> None:
        path = FOLDER / name
        if request.config.getoption("--renew-snapshots", default=False):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        assert text == kept, (
            f"tests/mssql/{name} is out of date: pytest tests/mssql --renew-snapshots, then read the diff"
        )

    return hold
