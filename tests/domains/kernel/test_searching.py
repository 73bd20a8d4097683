"""A part of a text is found as it is written, whatever a database reads into its characters."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, MetaData, Table, func, select
from sqlalchemy.dialects import mssql

from domains.accounts import db
from domains.kernel.columns import Text
from domains.kernel.config import Settings
from domains.kernel.searching import holds

NAMES = ("Sales [EU]", "Sales EU", "100 %", "1000", "a_b", "axb", "either/or", "Ärzte ohne \\ Grenzen")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[eu]", ["Sales [EU]"]),
        ("[", ["Sales [EU]"]),
        ("0 %", ["100 %"]),
        ("_", ["a_b"]),
        ("/", ["either/or"]),
        ("\\", ["Ärzte ohne \\ Grenzen"]),
        ("ärzte", ["Ärzte ohne \\ Grenzen"]),
        ("sales\0", []),
        ("", list(NAMES)),
    ],
)
def test_every_character_stands_for_itself(databases: Settings, text: str, found: list[str]) -> None:
    table = Table("word", MetaData(), Column("name", Text(60)), prefixes=["TEMPORARY"])
    with db.begin() as session:
        table.create(session.connection())
        session.execute(table.insert(), [{"name": name} for name in NAMES])
        names = session.scalars(select(table.c.name).where(holds(func.lower(table.c.name), text))).all()
        table.drop(session.connection())

    assert sorted(names) == sorted(found)


def test_azure_sql_is_not_given_a_bracket_to_read_as_a_set() -> None:
    table = Table("word", MetaData(), Column("name", Text(60)))
    asked = select(table).where(holds(table.c.name, "a[b%c_d/e")).compile(dialect=mssql.dialect())

    assert str(asked).endswith("LIKE :name_1 ESCAPE '/'")
    assert list(asked.params.values()) == ["%a/[b/%c/_d//e%"]
