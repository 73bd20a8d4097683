"""Brings every database to the tables this release needs, one numbered step after another, and back again.

Each database has its own steps and its own record of how far it is. Alembic is called here and nowhere else.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from domains.kernel import database
from domains.kernel.config import DATABASES, Settings

from . import rights

FOLDER = Path(__file__).parent


def config_of(settings: Settings, name: str) -> Config:
    """Alembic's configuration for one database."""
    config = Config(FOLDER / "alembic.ini", ini_section=name, output_buffer=sys.stdout, stdout=sys.stdout)
    config.attributes["settings"] = settings
    return config


def migrate(settings: Settings, names: Iterable[str] = DATABASES, *, sql: bool = False, to: str = "head") -> None:
    """Bring databases to a revision (the newest), step by step.

    `names` are domains or `saga`. With `sql` nothing is changed: the statements are printed, for an operator who
    applies them by hand; in T-SQL for Azure SQL unless the settings name another server. A step that fails leaves its
    database as it was before that step. Steps are made as the tables' owner, who then gives the others their rights.
    """
    owner = settings.as_owner()
    database.bind(owner)
    for name in names:
        config = config_of(owner, name)
        role = rights.role_of(settings, name)
        if sql:
            config.print_stdout("-- %s", name)
        else:
            database.reached(owner.database_url_of(name), name).dispose()
        if to == "base" or to.startswith("-"):
            rights.take_away(config, name, sql=sql)
            command.downgrade(config, to, sql=sql)
        else:
            command.upgrade(config, to, sql=sql)
            rights.put_in_place(config, name, role, sql=sql)  # as the models say, which are those of the newest step
    database.bind(settings)


def revise(settings: Settings, name: str, message: str) -> Path:
    """Write the next step of a database from what its models say that its steps do not yet; gives the new file.

    What is there is compared with what the steps make of an empty SQLite database, so no server is needed.
    """
    with tempfile.TemporaryDirectory() as folder:
        empty = replace(settings, var=folder, database_url="", overrides={})
        migrate(empty, [name])
        config = config_of(empty, name)
        steps = list(ScriptDirectory.from_config(config).walk_revisions())
        made = command.revision(config, message, autogenerate=True, rev_id=f"{len(steps) + 1:04d}")
    return Path(made.path)  # type: ignore[union-attr]
