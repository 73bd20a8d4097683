"""A PostgreSQL whose processes are no owners: one role makes the tables, another one works on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import make_url

from domains.kernel import database
from domains.kernel.config import DATABASES, Settings
from migrations import migrate
from tests.servers import temporary_cluster

OWNER, ROLE = "cloudsales_owner", "cloudsales_app"


@contextmanager
def installation_of_two_roles(settings: Settings) -> Iterator[Settings]:
    """Run a server within the `with`, with all databases migrated by the owner; the settings are the role's."""
    with temporary_cluster() as url:
        _make_roles_and_databases(url)
        found = replace(
            settings, database_url=url.replace("cloudsales@", f"{ROLE}@"), overrides={},
            database_owner_url=url.replace("cloudsales@", f"{OWNER}@"),
        )  # fmt: skip
        migrate(found)
        try:
            yield found
        finally:
            database.bind(settings)  # closes what is open there


def _make_roles_and_databases(url: str) -> None:
    target = make_url(url).set(database="postgres")
    engine = create_engine(target, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for role in (OWNER, ROLE):
            connection.execute(text(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS"))
        for name in DATABASES:
            connection.execute(text(f"CREATE DATABASE {name} OWNER {OWNER}"))
    engine.dispose()


@contextmanager
def direct(settings: Settings, name: str, *, owner: bool = False) -> Iterator[Connection]:
    """A connection in a transaction without any session of ours, as an intruder with the password would have."""
    url = (settings.as_owner() if owner else settings).database_url_of(name)
    with create_engine(url, poolclass=NullPool).connect() as connection, connection.begin():
        yield connection
