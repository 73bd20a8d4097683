"""The product on a live server, for whoever has one: CLOUDSALES_MSSQL_TEST_URL names it, with {domain}.

The databases must be there and empty; they are empty again afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect

from domains.kernel import database
from domains.kernel.config import DATABASES, Settings
from migrations import config_of, migrate
from saga.transports import inline
from tests.api.conftest import app as app
from tests.api.test_whole_story import transport as transport
from tests.domains.kernel import test_database as kernel

from .story import everything

URL = os.environ.get("CLOUDSALES_MSSQL_TEST_URL", "")
# What is held on the other databases, word for word.
test_a_row_is_inserted_once = kernel.test_a_row_is_inserted_once_however_often_and_by_however_many
test_an_insert_that_was_rolled_back_does_not_count = kernel.test_an_insert_that_was_rolled_back_does_not_count
test_numbers_have_no_gap_and_no_twin = kernel.test_numbers_have_no_gap_and_no_twin_when_many_ask_at_once
test_the_victim_of_a_deadlock_is_done_again = kernel.test_the_victim_of_a_deadlock_is_done_again
test_two_who_claim_get_different_rows = kernel.test_two_who_claim_get_different_rows_until_none_is_left
test_two_who_lock_a_row_lose_nothing = kernel.test_two_who_lock_a_row_do_not_lose_each_others_change
test_who_claims_passes_over_what_others_hold = kernel.test_who_claims_passes_over_what_others_hold_without_waiting
pytestmark = [
    pytest.mark.skipif(not URL, reason="no live server: set CLOUDSALES_MSSQL_TEST_URL, see README.md"),
]


@pytest.fixture(scope="module")
def migrated() -> Iterator[str]:
    """The live databases with the tables that the migrations make, taken back at the end."""
    assert "{domain}" in URL, "CLOUDSALES_MSSQL_TEST_URL must hold {domain}: each domain has a database of its own"
    known = Settings(database_url=URL)
    migrate(known)
    yield URL
    migrate(known, to="base")
    database.bind(known)


@pytest.fixture
def settings(settings: Settings, migrated: str) -> Settings:
    made = replace(settings, database_url=migrated)
    database.bind(made)
    return made


@pytest.fixture
def databases(settings: Settings) -> Iterator[Settings]:
    """The live databases, emptied by DELETE afterwards (no table points to another by a foreign key)."""
    yield settings
    for name in DATABASES:
        engine = database._engine(name)
        with engine.begin() as connection:
            for table in inspect(engine).get_table_names():
                if table != "alembic_version":
                    connection.exec_driver_sql(f"DELETE FROM {engine.dialect.identifier_preparer.quote(table)}")


@pytest.mark.parametrize("name", DATABASES)
def test_a_database_goes_down_and_up_again(databases: Settings, name: str) -> None:
    migrate(databases, [name], to="-1")
    migrate(databases, [name])

    newest = ScriptDirectory.from_config(config_of(databases, name)).get_current_head()
    with database._engine(name).connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == newest


def test_everybody_does_everything_once(app: Flask, transport: inline.Transport) -> None:
    """The order journey, and every statement that tests/mssql/test_queries.py watches."""
    everything(app, transport)
