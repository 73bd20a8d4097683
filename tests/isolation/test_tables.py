"""Every table is held by a policy, or stands on a list with the reason why not; Azure SQL is told the same."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, MetaData, Table
from sqlfluff.core import Linter

from domains.kernel import policies
from domains.kernel.columns import Id
from domains.kernel.config import DATABASES, Settings
from domains.kernel.tenancy import Scope
from migrations.rights import database_of, granted, role_of


def loose(metadata: MetaData) -> list[str]:
    known = {table.name for table in policies.held(metadata)} | set(policies.OPEN)
    return [table.name for table in metadata.sorted_tables if table.name not in known]


@pytest.mark.parametrize("name", [name for name in DATABASES if database_of(name).shielded])
def test_every_table_is_held_or_open_for_a_reason(name: str) -> None:
    assert loose(database_of(name).metadata) == []


def test_only_the_domain_that_finds_out_who_is_calling_has_no_policies() -> None:
    assert [name for name in DATABASES if not database_of(name).shielded] == ["users"]


def test_a_new_table_of_tenants_is_held_and_one_without_a_customer_must_be_listed() -> None:
    metadata = MetaData()
    Table("invoice_note", metadata, Column("id", Id, primary_key=True), Column("customer_id", Id))
    Table("scrap", metadata, Column("id", Id, primary_key=True))

    assert loose(metadata) == ["scrap"]
    assert [table.name for table in policies.held(metadata)] == ["invoice_note"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in DATABASES if database_of(name).shielded])
def test_each_statement_for_azure_sql_is_well_formed(name: str) -> None:
    metadata = database_of(name).metadata
    statements = [*policies.on_azure(metadata), *granted(metadata, "cloudsales_app", azure=True)]

    for statement in statements:
        parsed = Linter(dialect="tsql").parse_string(statement + ";\n")
        assert parsed.violations == [], statement


def test_a_connection_to_azure_sql_is_told_each_time_and_forgets_on_its_way_back() -> None:
    told: list[str] = []

    class Connection:
        class dialect:  # noqa: N801
            name = "mssql"

        def exec_driver_sql(self, statement: str) -> None:
            told.append(statement)

    scope = Scope.reseller(UUID("01900000-0000-7000-8000-000000000001"))
    connection: Any = Connection()
    for one in (scope, None, Scope.system("worker")):
        policies.tell(connection, one)

    assert "@value = N'reseller'" in told[0] and "@value = 0x01900000000070008000000000000001" in told[0]
    assert told[1].count("NULL") == 2
    assert "N'system'" in told[2] and told[2].count("NULL") == 1


def test_the_role_is_the_one_that_the_processes_connect_as() -> None:
    url = "postgresql+psycopg://app@server/{domain}"
    owner = {"database_owner_url": url.replace("app", "owner")}

    assert role_of(Settings(database_url=url), "billing") == ""
    assert role_of(Settings(database_url=url, **owner), "billing") == "app"
    assert role_of(Settings(database_url=url, database_role="apps", **owner), "billing") == "apps"
    assert (
        Settings(database_url=url, **owner)
        .as_owner()
        .database_url_of("billing")
        .startswith("postgresql+psycopg://owner@")
    )
