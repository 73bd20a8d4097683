"""Alembic's environment, one for all databases: the section of alembic.ini names the domain."""

from __future__ import annotations

from importlib import import_module

from alembic import context

from domains.kernel import columns, policies
from domains.kernel.config import Settings
from domains.kernel.database import make_engine


def render(kind: str, item: object, _: object) -> str | bool:
    """Write our own column types without arguments, as script.py.mako imports them; leave the rest to Alembic."""
    ours = kind == "type" and type(item).__module__ == columns.__name__
    return f"columns.{type(item).__name__}()" if ours else False


name = context.config.config_ini_section
settings = context.config.attributes.get("settings") or Settings.from_env()
options = {
    "target_metadata": import_module("saga.store" if name == "saga" else f"domains.{name}.models").db.metadata,
    "render_as_batch": True,  # SQLite alters a table by making it anew
    "transactional_ddl": True,  # our SQLite engine begins transactions itself
    "render_item": render,
}

if context.is_offline_mode():
    url = settings.database_url_of(name)
    server = {"dialect_name": "mssql"} if url.startswith("sqlite") else {"url": url}  # nobody scripts SQLite files
    context.configure(**server, literal_binds=True, **options)
    dialect = context.get_context().dialect
    if dialect.name == "mssql":  # what it would find out when it connects; else DATETIME and NTEXT are printed
        dialect.server_version_info, dialect.deprecate_large_types = (16,), True
        # sqlcmd leaves them off; without the first no index can have a condition, the last ends it all at an error
        context.get_context().impl.static_output("SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET XACT_ABORT ON;")
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = make_engine(settings.database_url_of(name))
    with engine.connect() as connection:
        policies.tell_for_good(connection)  # a step that changes data changes everybody's
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
