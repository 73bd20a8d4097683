"""What every test can ask for: settings, empty databases, a queue server and a clock that the test moves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import pytest
import redis
from sqlalchemy import Connection, Engine, MetaData, event, text

from domains.kernel import clock as kernel_clock
from domains.kernel import database
from domains.kernel.config import DATABASES, Settings
from installation import SECRETS, new_secret
from tests.servers import create_database, free_port, queue_server, temporary_cluster

POSTGRESQL = "CLOUDSALES_DATABASE_URL"
pytest_plugins = ["tests.sandboxes", "tests.brokered", "tests.compiled", "tests.callers"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgresql", action="store_true", help="use a temporary PostgreSQL instead of SQLite files")


def pytest_configure(config: pytest.Config) -> None:
    """Start the temporary PostgreSQL once, before xdist's workers, which inherit its address."""
    if config.getoption("--postgresql") and not os.environ.get(POSTGRESQL):
        stack = ExitStack()
        os.environ[POSTGRESQL] = stack.enter_context(temporary_cluster())
        config.add_cleanup(lambda: (os.environ.pop(POSTGRESQL), stack.close()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "databases" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


@cache
def metadata_of(name: str) -> MetaData:
    return import_module("saga.store" if name == "saga" else f"domains.{name}.models").db.metadata


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    return {name: new_secret(name) for name in SECRETS}


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("session")


@pytest.fixture(scope="session")
def queue_url() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture(scope="session")
def database_url() -> str:
    """Where the databases are: empty for SQLite files, else a URL with {domain}, other ones for each xdist worker."""
    url = os.environ.get(POSTGRESQL, "")
    return url.replace("{domain}", os.environ.get("PYTEST_XDIST_WORKER", "main") + "_{domain}")


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path, database_url: str, secrets: dict) -> Iterator[Settings]:
    """Settings of a fresh installation in an empty folder; no server behind its queue but with `queue`, no limits."""
    there = request.getfixturevalue("queue_url") if "running_queue" in request.fixturenames else "redis://127.0.0.1:1/0"
    made = Settings(var=str(tmp_path), database_url=database_url, queue_url=there, limits="off", **secrets)
    database.bind(made)
    yield made
    database.bind(made)  # closes what the test opened


@pytest.fixture(scope="session")
def schemas(session_folder: Path, database_url: str) -> Path:
    """Every domain's tables, made once: template files for SQLite, databases for PostgreSQL."""
    url = database_url or f"sqlite:///{session_folder}/db/{{domain}}.sqlite3"
    for name in DATABASES:
        if database_url:
            create_database(url.format(domain=name))
        engine = database.make_engine(url.format(domain=name))
        metadata_of(name).create_all(engine)
        engine.dispose()
    return session_folder / "db"


@pytest.fixture
def databases(settings: Settings, schemas: Path) -> Iterator[Settings]:
    """An empty database for every domain and for the runs of sagas."""
    if not settings.database_url:
        shutil.copytree(schemas, Path(settings.var) / "db", dirs_exist_ok=True)
        yield settings
        return
    event.listen(Engine, "engine_connect", note := partial(_note_database, used := set()))
    yield settings
    event.remove(Engine, "engine_connect", note)
    for name in used & set(DATABASES):
        tables = ", ".join(f'"{table}"' for table in metadata_of(name).tables)
        with database._engine(name).begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))


def _note_database(used: set[str], connection: Connection) -> None:
    used.add(str(connection.engine.url.database).rpartition("_")[2])


@pytest.fixture(scope="session")
def running_queue(session_folder: Path, queue_url: str) -> Iterator[redis.Redis]:
    with queue_server(session_folder, queue_url) as client:
        yield client


@pytest.fixture
def queue(settings: Settings, running_queue: redis.Redis) -> Iterator[redis.Redis]:
    """A running, empty queue server behind the settings' `queue_url`."""
    yield running_queue
    running_queue.flushall()


class Clock:
    """Both clocks, held still until the test moves them."""

    def __init__(self, moment: datetime) -> None:
        self.held = ExitStack()
        self.move_to(moment)

    def move_to(self, moment: datetime) -> None:
        self.held.close()
        self.now = moment
        self.held.enter_context(kernel_clock.frozen_at(moment))

    def advance(self, **duration: float) -> None:
        """Move on, as in `advance(days=3)`; the words are timedelta's."""
        self.move_to(self.now + timedelta(**duration))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that stands at 10 March 2026, 09:00 UTC, until the test moves it."""
    yield (clock := Clock(datetime(2026, 3, 10, 9, 0, tzinfo=UTC)))
    clock.held.close()
