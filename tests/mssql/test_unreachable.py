"""A database that cannot be reached: one line that says which, why and what to do, and no secret in it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

import doctor
from domains.kernel import database
from domains.kernel.config import DATABASES, Settings
from tests.servers import ROOT, free_port

pytestmark = pytest.mark.slow

RESTING = "[SQL Server]Database 'x' on server 'y' is not currently available. (40613) (SQLDriverConnect)"


@pytest.fixture
def url() -> str:
    return f"postgresql+psycopg://app:secret@127.0.0.1:{free_port()}/sales_{{domain}}"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = database.make_engine(f"sqlite:///{tmp_path}/one.sqlite3")
    yield made
    made.dispose()


def resting(engine: Engine, times: int, told: str = RESTING) -> list[int]:
    """Let a database refuse so many connections as Azure SQL does; gives a list that grows with each try."""
    tries: list[int] = []

    @event.listens_for(engine, "do_connect")
    def refuse(*_: Any) -> None:
        tries.append(1)
        if len(tries) <= times:
            raise sqlite3.OperationalError("42000", told)

    return tries


def test_a_migration_says_it_in_one_line(url: str, tmp_path: Path) -> None:
    environ = os.environ | {"CLOUDSALES_DATABASE_URL": url, "CLOUDSALES_VAR": str(tmp_path)}
    done = subprocess.run([sys.executable, ROOT / "cli.py", "migrate"], cwd=ROOT, env=environ, capture_output=True,
                          text=True)  # fmt: skip

    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("the database of customers: ") and "refused" in last.lower()
    assert not any(word in done.stdout + done.stderr for word in ("Traceback", "secret"))


@pytest.mark.parametrize(("query", "why"), [
    ("identity=x", "identity is “x” in a database's URL: use entra, or leave it out"),
    ("identity=entra", "identity=entra takes the place of name and password in a database's URL: drop these"),
])  # fmt: skip
def test_a_migration_says_what_this_machine_or_its_settings_lack(query: str, why: str) -> None:
    with pytest.raises(database.Unreachable) as end:
        database.reached(f"mssql+pyodbc://app:secret@sql.invalid/x?{query}", "billing")

    assert str(end.value) == f"the database of billing: {why}"


def test_the_doctor_says_it_of_each_database(url: str, tmp_path: Path) -> None:
    findings = [one for one in doctor._databases(Settings(var=str(tmp_path), database_url=url)) if not one.found]

    assert [one.what for one in findings] == [f"database {name}" for name in DATABASES]
    assert all("refused" in str(one).lower() and "secret" not in str(one) for one in findings)


def test_a_process_notes_it_in_its_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"), pytest.raises(Exception, match="refused"):
        database.make_engine(url.replace("{domain}", "billing")).connect()

    (note,) = [record for record in caplog.records if record.name == database.__name__]
    assert vars(note)["database"] == "sales_billing" and "refused" in vars(note)["why"].lower()


def test_a_database_that_is_waking_up_is_waited_for(engine: Engine) -> None:
    tries = resting(engine, 3)

    database.wait_until_reachable(engine, "billing", delay=0.01)

    assert len(tries) == 4


@pytest.mark.parametrize(("told", "tried"), [(RESTING, 2), ("[SQL Server]Login failed. (18456) (SQLDriverConnect)", 1)])
def test_nobody_waits_for_ever_nor_for_a_wrong_password(engine: Engine, told: str, tried: int) -> None:
    tries = resting(engine, 99, told)

    with pytest.raises(database.Unreachable, match=r"^the database of billing: ") as end:
        database.wait_until_reachable(engine, "billing", patience=0.03, delay=0.02)

    assert len(tries) == tried and "\n" not in str(end.value)
