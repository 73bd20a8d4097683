"""An engine for Azure SQL, made but never connected: its pool, its time-outs, and when it gives a connection up."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from domains.kernel import database

from .watch import ROOT

URL = "mssql+pyodbc://app@sql.invalid/sales_billing?driver=ODBC+Driver+18+for+SQL+Server&Encrypt=yes"
PROGRAM = "import sys, wsgi, cli, saga.worker, saga.coordinator, saga.scheduler; print('pyodbc' in sys.modules)"


@pytest.fixture
def engine() -> Any:
    pytest.importorskip("pyodbc", reason="unixODBC is not installed: apt-get install libodbc2", exc_type=ImportError)
    made = database.make_engine(URL)
    yield made
    made.dispose()


def failed(told: str) -> bool:
    """Whether a connection is given up after an error of the driver."""
    failure = SimpleNamespace(original_exception=Exception("42000", told), is_disconnect=False)
    database._azure_failed(failure)  # type: ignore[arg-type]
    return failure.is_disconnect


def test_an_engine_is_made_without_a_connection_and_holds_few(engine: Engine) -> None:
    assert (engine.pool.size(), engine.pool.checkedout()) == (4, 0)  # type: ignore[attr-defined]
    assert (engine.dialect.name, engine.dialect.driver) == ("mssql", "pyodbc")
    assert engine.dialect.loaded_dbapi.pooling is False  # type: ignore[attr-defined]


def test_a_sleeping_database_has_time_to_wake_up(engine: Engine) -> None:
    asked: list[Any] = []

    def note(_dialect: Any, _record: Any, told: list[str], known: dict[str, Any]) -> None:
        asked.append((told, known))
        raise ConnectionError

    event.listen(engine, "do_connect", note)
    with pytest.raises((DBAPIError, ConnectionError)):
        engine.connect()

    ((told, known),) = asked
    assert known["timeout"] == 30
    assert "Encrypt=yes" in told[0] and "Database=sales_billing" in told[0]


@pytest.mark.parametrize("number", [40613, 40197, 40501, 49918, 4060])
def test_a_connection_to_a_database_that_has_moved_away_is_given_up(number: int) -> None:
    driver = "[42000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"

    assert failed(f"{driver}Database 'x' on server 'y' is not currently available. ({number}) (SQLExecDirectW)")


@pytest.mark.parametrize("number", [1205, 2627, 2601, 547, 515, 8152, 18456])
def test_a_deadlock_or_a_broken_rule_costs_no_connection(number: int) -> None:
    assert not failed(f"[SQL Server]Something about 40613 seats (40613). ({number}) (SQLExecDirectW)")


def test_no_process_loads_the_driver_unless_a_url_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)

    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr
