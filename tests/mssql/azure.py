"""Azure SQL without a server: its dialect, as it is once connected, prints what it would be told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.mssql import pyodbc
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement

# Names instead of question marks, so that a person can read a statement.
DIALECT: Any = pyodbc.dialect(paramstyle="named")
DIALECT.server_version_info = (16,)  # what it asks the server for when it connects, and what follows from it
DIALECT._setup_version_attributes()


def printed(statement: ClauseElement, **options: Any) -> str:
    """A statement as Azure SQL would be told it. Fails where its dialect cannot say it."""
    lines = (line.rstrip() for line in str(statement.compile(dialect=DIALECT, **options)).strip().splitlines())
    return "\n".join(lines)


def tables_printed(tables: list[Table]) -> str:
    """What makes some tables and their indexes."""
    made = []
    for table in tables:
        made.append(printed(CreateTable(table)))
        made += [printed(CreateIndex(index)) for index in sorted(table.indexes, key=lambda one: str(one.name))]
    return "".join(f"{text};\n\n" for text in made)
