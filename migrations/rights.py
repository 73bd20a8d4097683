"""Who may do what with a database's tables: its policies, and the rights of the role that the processes connect as.

The policies come from the models (`domains.kernel.policies`). The role owns nothing: it can change no table and no
policy. A row never changes its customer, so nobody but the owner may write to that column once the row is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from alembic.config import Config
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.engine import Dialect, make_url

from domains.kernel import policies
from domains.kernel.config import Settings
from domains.kernel.database import Database, make_engine

from . import grants

MOVABLE = {"login"}  # whose customer changes: a person goes on at another one


def role_of(settings: Settings, name: str) -> str:
    """The role that gets the rights on a database; empty where the processes connect as its owner."""
    if not settings.database_owner_url:
        return ""
    return settings.database_role or make_url(settings.database_url_of(name)).username or ""


def put_in_place(config: Config, name: str, role: str, *, sql: bool = False) -> None:
    """Make or mend the policies of a database, and give the role its rights; with `sql` only print how."""
    settings, database = config.attributes["settings"], database_of(name)
    url = settings.database_url_of(name)
    if sql:
        azure = url.startswith(("sqlite", "mssql"))  # as the steps before them
        for statement in [*_policies(database, azure), *(granted(database.metadata, role, azure) if role else ())]:
            config.print_stdout(
                "%s;%s", statement, "\nGO\n" if azure else ""
            )  # a function is made in a batch of its own
        return
    engine = make_engine(url)
    with engine.begin() as connection:
        for statement in _needed(connection, database, role):
            connection.execute(text(statement.replace(":", "\\:")))
    engine.dispose()


def take_away(config: Config, name: str, *, sql: bool = False) -> None:
    """Take the policies of a database away, where its tables could not be dropped else."""
    url = config.attributes["settings"].database_url_of(name)
    if not url.startswith("mssql"):
        return
    if sql:
        config.print_stdout("%s;\nGO\n", policies.dropped_on_azure())
        return
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text(policies.dropped_on_azure()))
    engine.dispose()


def database_of(name: str) -> Database:
    """The database of a domain, or of the runs of sagas."""
    found: Database = import_module("saga.tables" if name == "saga" else f"domains.{name}.models").db
    return found


def _needed(connection: Connection, database: Database, role: str) -> Iterator[str]:
    dialect: Dialect = connection.dialect
    if dialect.name == "sqlite":
        return
    azure = dialect.name == "mssql"
    if not database.shielded:
        pass
    elif azure:
        yield from _policies(database, azure)
    else:  # each lock is short, but there need be none where nothing has changed
        for table in policies.misheld(connection, database.metadata):
            yield from policies.on_postgresql(table)
    if role:
        yield from granted(database.metadata, role, azure)


def _policies(database: Database, azure: bool) -> Iterator[str]:
    if not database.shielded:
        return
    if azure:
        yield from policies.on_azure(database.metadata)
    else:
        for table in policies.held(database.metadata):
            yield from policies.on_postgresql(table)


def granted(metadata: MetaData, role: str, azure: bool) -> Iterator[str]:
    """The statements that give a role what the processes need, and nothing else."""
    who = f"[{role}]" if azure else f'"{role}"'
    schema = "dbo" if azure else "public"
    if not azure:
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {who}"
        yield f"GRANT USAGE ON SCHEMA {schema} TO {who}"
        yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {who}"
    yield f"GRANT SELECT ON {schema}.alembic_version TO {who}"
    for table in metadata.sorted_tables:
        yield from _rights(table, schema, who, "[]" if azure else '""')
    if "audit_entry" in metadata.tables:  # after the others: what was written is not changed
        yield from grants.on_audit(metadata, role, azure=azure)


def _rights(table: Table, schema: str, who: str, quotes: str) -> Iterator[str]:
    name = f"{schema}.{table.name.join(quotes)}"
    yield f"GRANT SELECT, INSERT, DELETE ON {name} TO {who}"
    fixed = set() if table.name in MOVABLE else {"customer_id"}
    changing = ", ".join(column.name.join(quotes) for column in table.c if column.name not in fixed)
    if changing:
        yield f"GRANT UPDATE ({changing}) ON {name} TO {who}"
