"""Every database can be made, taken a step back and brought forward, and its steps say all that its models say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from domains.kernel.config import DATABASES, Settings
from migrations import config_of, migrate
from tests.servers import create_database

pytestmark = pytest.mark.database


@pytest.fixture
def empty(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of one database without any tables."""
    name = request.getfixturevalue("name")
    if not settings.database_url:
        return settings
    url = settings.database_url.format(domain=f"empty_{name}")
    create_database(url)
    return replace(settings, overrides={f"database_url_{name}": url})


@pytest.mark.parametrize("name", DATABASES)
def test_a_database_goes_up_and_down_and_up_and_lacks_nothing(empty: Settings, name: str) -> None:
    migrate(empty, [name])
    command.check(config_of(empty, name))

    migrate(empty, [name], to="-1")
    migrate(empty, [name])
    command.check(config_of(empty, name))


@pytest.mark.parametrize("name", DATABASES)
def test_the_steps_are_numbered_in_one_line(settings: Settings, name: str) -> None:
    script = ScriptDirectory.from_config(config_of(settings, name))
    revisions = sorted(step.revision for step in script.walk_revisions())

    assert len(script.get_heads()) == 1
    assert revisions == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
    assert all(Path(step.path).name.startswith(f"{step.revision}_") for step in script.walk_revisions())


@pytest.mark.parametrize("name", DATABASES)
def test_the_steps_can_be_printed_for_azure_sql(
    settings: Settings, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(replace(settings, database_url="mssql+pyodbc://server/{domain}"), [name], sql=True)

    printed = capsys.readouterr().out
    assert f"-- {name}" in printed
    assert "CREATE TABLE alembic_version" in printed
    assert " NTEXT" not in printed
    assert " DATETIME " not in printed  # a day is a DATE, an instant a DATETIMEOFFSET
