"""An engine for Azure SQL, made but never connected: its pool, its time-outs, and when it gives a connection up."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from domains.kernel import azure, database

from .watch import ROOT

pytestmark = pytest.mark.slow

URL = "mssql+pyodbc://app@sql.invalid/sales_billing?driver=ODBC+Driver+18+for+SQL+Server&Encrypt=yes"
PROGRAM = "import sys, wsgi, cli, saga.worker, saga.coordinator, saga.scheduler; print('pyodbc' in sys.modules)"


@pytest.fixture
def engine() -> Any:
    pytest.importorskip("pyodbc", reason="unixODBC is not installed: apt-get install libodbc2", exc_type=ImportError)
    made = database.make_engine(URL)
    yield made
    made.dispose()


def failed(told: str, state: str = "42000") -> SimpleNamespace:
    """What becomes of an error of the driver: whether its connection is given up, and as what it goes on."""
    failure = SimpleNamespace(original_exception=Exception(state, told), is_disconnect=False, statement="",
                              sqlalchemy_exception=None, raised=None)  # fmt: skip
    try:
        azure.failed(failure)  # type: ignore[arg-type]
    except OperationalError as error:
        failure.raised = error
    return failure


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

    failure = failed(f"{driver}Database 'x' on server 'y' is not currently available. ({number}) (SQLExecDirectW)")
    assert failure.is_disconnect
    assert azure.is_away(failure.raised) and failure.raised.connection_invalidated


@pytest.mark.parametrize("number", [1205, 2627, 2601, 547, 515, 8152, 18456])
def test_a_deadlock_or_a_broken_rule_costs_no_connection(number: int) -> None:
    failure = failed(f"[SQL Server]Something about 40613 seats (40613). ({number}) (SQLExecDirectW)")
    assert not failure.is_disconnect
    assert (failure.raised is not None) == (number == 1205)  # a deadlock passes, a broken rule does not


@pytest.mark.parametrize("number", sorted(azure.VICTIM))
def test_the_victim_of_a_deadlock_is_done_again_as_a_whole(number: str) -> None:
    error = failed(f"[SQL Server]Transaction was deadlocked. Rerun it. ({number}) (SQLExecDirectW)", "40001").raised
    tried = []

    def work() -> str:
        tried.append(1)
        if len(tried) < 3:
            raise error
        return "done"

    assert database.repeated(work) == "done"
    assert len(tried) == 3
    tried.clear()
    with pytest.raises(OperationalError):
        database.repeated(work, tries=2)
    assert len(tried) == 2


@pytest.mark.parametrize("number", [2627, 547, 18456, 40613])
def test_what_is_no_deadlock_is_never_done_again(number: int) -> None:
    tried = []

    def work() -> None:
        tried.append(1)
        raise DBAPIError("", None, Exception("23000", f"[SQL Server]No. ({number}) (SQLExecDirectW)"))

    with pytest.raises(DBAPIError):
        database.repeated(work)
    assert len(tried) == 1


SAID = {
    ("28000", "[28000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Login failed for user 'app'. (18456)"
     " (SQLDriverConnect)"): "Login failed for user 'app' (18456): the login is refused",
    ("HYT00", "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired (0) (SQLDriverConnect)"):
        "Login timeout expired (HYT00): nobody answered",
    ("01000", "[01000] [unixODBC][Driver Manager]Can't open lib 'x' : file not found (0) (SQLDriverConnect)"):
        "Can't open lib 'x' : file not found (01000): the driver cannot be loaded",
    ("42000", "[42000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Cannot open server 's' requested by the "
     "login. Client with IP address '192.0.2.1' is not allowed. (40615) (SQLDriverConnect); [42000] more (40615)"):
        "Cannot open server 's' requested by the login. Client with IP address '192.0.2.1' is not allowed (40615): the",
}  # fmt: skip


@pytest.mark.parametrize("error", SAID, ids=lambda error: error[0])
def test_a_connection_that_fails_says_why_in_one_line(error: tuple[str, str]) -> None:
    line = azure.why(Exception(*error))

    assert line.startswith(SAID[error]) and "\n" not in line
    assert azure.why(Exception("connection refused\nand more")) == "connection refused"


def test_no_process_loads_the_driver_unless_a_url_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)

    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr
