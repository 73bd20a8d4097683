"""The steps of every database as an operator of Azure SQL would be given them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from domains.kernel.config import DATABASES, Settings
from migrations import migrate


@pytest.mark.parametrize("name", DATABASES)
def test_the_steps_are_printed_without_a_server(
    settings: Settings, name: str, capsys: pytest.CaptureFixture[str], same_as_snapshot: Callable[[str, str], None]
) -> None:
    migrate(settings, [name], sql=True)

    told = re.sub(r"[ \t]+$", "", capsys.readouterr().out, flags=re.MULTILINE)
    assert re.search(r"SET QUOTED_IDENTIFIER ON.*BEGIN TRANSACTION;.*COMMIT;", told, re.DOTALL)
    same_as_snapshot(f"migrations/{name}.sql", told)
