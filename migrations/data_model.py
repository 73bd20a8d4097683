"""Describes every database as the models have it, for docs/data-model.md: tables, columns, keys and indexes.

It is made from the code, so that it cannot tell another story; a test holds the committed file to it.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, Table, Unicode, UnicodeText
from sqlalchemy.dialects import mssql, postgresql, sqlite

import domains.accounts.models
import domains.billing.models
import domains.customers.models
import domains.notifications.models
import domains.services.models
import domains.support.models
import domains.users.models
import saga.tables
from domains.kernel import columns, tables
from domains.kernel.database import Database

PLACES = {
    domains.customers: domains.customers.models, domains.users: domains.users.models,
    domains.accounts: domains.accounts.models, domains.services: domains.services.models,
    domains.support: domains.support.models, domains.billing: domains.billing.models,
    domains.notifications: domains.notifications.models, saga.tables: saga.tables,
}  # fmt: skip
SHARED = {
    "inbox": tables.inbox, "outbox": tables.outbox, "consumed": tables.consumed, "idempotency": tables.idempotency,
    **dict.fromkeys(("audit_entry", "audit_value", "audit_origin", "audit_waiting"), tables.audit),
    **dict.fromkeys(("audit_seal", "audit_head"), tables._seals),
    "number_series": tables.number_series,
}  # fmt: skip
# Tables without a class or a function of their own that could say what they are.
SAID = {
    "audit_entry": "Who did what, when and in which request or run; the sealer chains entries, one chain a customer.",
    "audit_value": "What it was before and after, apart from the chain, so that it can be erased.",
    "audit_origin": "Who that was by name and from where, apart from the chain, so that it can be erased.",
    "audit_waiting": "Entries that the sealer has not met yet.",
    "audit_seal": "An entry's place in its customer's chain.",
    "audit_head": "How long each customer's chain is, and its last hash.",
    "stamp": "What the lists of a customer or reseller are at; another value after each change, in its commit.",
    "run": "One execution of a saga: what was agreed, where it stands, when it is looked at next.",
    "run_step": "One command of a run, forward (F) or back (C): what was asked, how often, and what came of it.",
    "run_event": "Everything that has happened to a run, in order.",
    "intervention": "What a person did to a run: who, why, and on which state of it.",
    "definition": "A version of a saga as runs were started from it; it may not change while one is under way.",
}
AZURE: Any = mssql.dialect()
AZURE.server_version_info, AZURE.deprecate_large_types = (16,), True  # what it finds out when it connects
DIALECTS = {"SQLite": sqlite.dialect(), "PostgreSQL": postgresql.dialect(), "Azure SQL": AZURE}
HEAD = """\
# The data model

Made from the models by `make data-model`; do not edit it. Each domain has a database of its own, and so has the saga
coordinator ([ADR 2](adr/0002-plain-sqlalchemy-one-database-a-domain.md)). There are no foreign keys: ids are made
before the write, and the owner of a row checks it in its own command.

A dotted line is an id that leads to a row of the same database. Where a `…_id` has no line, its row is in another one:
`customer_id` and `reseller_id` in customers (they say whose a row is: [tenancy](architecture.md#tenancy)), `account_id`
in accounts, `subscription_id` and `order_id` in services, `run_id` in saga. A table's name ends in `_` where SQL has
taken the word. PK and UK are primary and unique keys; `null` is a column that may be empty.
"""


def document() -> str:
    """The whole page."""
    parts = [HEAD, types(), shared()]
    for place, holder in PLACES.items():
        own = own_tables(holder.db)
        parts.append(section(holder.db.name, str(place.__doc__), own, notes_of(holder.db), sentences_of(holder.db)))
    return "\n".join(parts)


def own_tables(database: Database) -> list[Table]:
    """A database's tables but for those that all domains have, by name."""
    return [table for name, table in sorted(database.metadata.tables.items()) if name not in SHARED]


def types() -> str:
    """The column types, and what each is on the three databases."""
    kinds = (columns.Id(), columns.Text(120), columns.LongText(), columns.Instant(), columns.Day(), columns.Minor(),
             columns.Rate(), columns.Count(), columns.Flag(), columns.Json(), columns.Serial)  # fmt: skip
    lines = ["## Types", "", f"| type | {' | '.join(DIALECTS)} |", "|---" * (len(DIALECTS) + 1) + "|"]
    for kind in kinds:
        made = [dialect.type_compiler_instance.process(kind) for dialect in DIALECTS.values()]
        lines.append(f"| {name_of(kind)} | {' | '.join(made)} |")
    return "\n".join(lines) + "\n"


def shared() -> str:
    """The tables that all domains have."""
    database = domains.accounts.models.db
    own = [table for name, table in sorted(database.metadata.tables.items()) if name in SHARED]
    behind = {name: notes(made_by(maker, name)) for name, maker in SHARED.items()}
    said = {name: str(maker.__doc__) for name, maker in SHARED.items()} | SAID
    sentence = "Each domain's database also has these, so that they commit with its changes; saga has the audit trail."
    return section("In every domain", sentence, own, behind, said)


def made_by(maker: Any, name: str) -> str:
    """The part of a function's code that makes one table."""
    return inspect.getsource(maker).split(f'"{name}", metadata', 1)[1].split("Table(", 1)[0]


def section(
    title: str, sentence: str, own: Iterable[Table], notes: dict[str, dict[str, str]], said: dict[str, str]
) -> str:
    """One database: what it is, what its tables are, and a picture of their columns."""
    own = list(own)
    lines = [f"## {title}", "", first(sentence), "", "| table | a row is | keys and indexes |", "|---|---|---|"]
    lines += [f"| `{table.name}` | {first(said[table.name])} | {'<br>'.join(indexes(table))} |" for table in own]
    lines += ["", "```mermaid", "erDiagram"]
    for table in own:
        lines += picture(table, notes.get(table.name, {}))
    lines += [*relations(own), "```", ""]
    return "\n".join(lines)


def first(text: str) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join(text.strip().split("\n\n")[0].split())


def picture(table: Table, notes: dict[str, str]) -> Iterator[str]:
    """A table as Mermaid draws it."""
    yield f"    {table.name} {{"
    for column in table.columns:
        key = " PK" if column.primary_key else " UK" if is_unique(table, column) else ""
        words = [word for word in ("null" if column.nullable else "", notes.get(column.name, "")) if word]
        yield f"        {name_of(column.type)} {column.name}{key}" + (f' "{": ".join(words)}"' if words else "")
    yield "    }"


def is_unique(table: Table, column: Column[Any]) -> bool:
    """Whether no two rows may have the same value in this column."""
    return bool(column.unique) or any(list(one.columns) == [column] for one in uniques(table))


def uniques(table: Table) -> list[Any]:
    """The unique constraints of a table."""
    return [one for one in table.constraints if type(one).__name__ == "UniqueConstraint"]


def name_of(kind: Any) -> str:
    """A column type by the name that models use."""
    if kind._variant_mapping:
        return "Serial"
    if isinstance(kind, Unicode):
        return f"Text({kind.length})"
    plain = ((UnicodeText, "LongText"), (Date, "Day"), (Boolean, "Flag"), (BigInteger, "Minor"), (Integer, "Count"))
    return next((name for cls, name in plain if isinstance(kind, cls)), type(kind).__name__.replace("JSON", "Json"))


def indexes(table: Table) -> list[str]:
    """The primary key, what is unique, what is indexed, and checks, one line each."""
    lines = [f"key ({', '.join(column.name for column in table.primary_key)})"]
    found = [f"unique ({', '.join(column.name for column in one.columns)})" for one in uniques(table)]
    found += [described(index) for index in table.indexes]
    checks = [one for one in table.constraints if isinstance(one, CheckConstraint)]
    return lines + sorted(found) + [f"check {one.name}: {one.sqltext}" for one in checks]


def described(index: Index) -> str:
    """An index with its columns and, where it holds some rows only, which."""
    where = index.dialect_options["sqlite"]["where"]
    some = f" where {str(where).split('.', 1)[1]}" if where is not None else ""
    return f"{'unique' if index.unique else 'index'} ({', '.join(column.name for column in index.columns)}){some}"


def relations(own: list[Table]) -> Iterator[str]:
    """Which ids of a database lead to which of its tables."""
    for table in own:
        for column in table.columns:
            target = target_of(column, own)
            if target is not None and target is not table:
                one = "|o" if column.nullable else "||"
                yield f"    {target.name} {one}..o{{ {table.name} : {column.name}"


def target_of(column: Column[Any], own: list[Table]) -> Table | None:
    """The table whose row an id names: `offer_id` is of `offer`, or of the one table that has it as its key."""
    stem = f"_{column.name.removesuffix('_id')}"
    if not isinstance(column.type, columns.Id) or not column.name.endswith("_id"):
        return None
    named = [
        table for table in own if stem.endswith(f"_{table.name.rstrip('_')}") and "id" in table.primary_key.columns
    ]
    keyed = [table for table in own if [one.name for one in table.primary_key] == [column.name]]
    audited = [table for table in own if (table.name, column.name) == ("audit_entry", "entry_id")]
    return next(iter(named or audited or (keyed if len(keyed) == 1 else [])), None)


def sentences_of(database: Database) -> dict[str, str]:
    """What the models say their rows are, by table."""
    return SAID | {one.local_table.name: str(one.class_.__doc__) for one in database.Model.registry.mappers}


def notes_of(database: Database) -> dict[str, dict[str, str]]:
    """The comments that stand behind columns in the models, by table."""
    return {one.local_table.name: notes(inspect.getsource(one.class_)) for one in database.Model.registry.mappers}


def notes(code: str) -> dict[str, str]:
    """The comments behind columns in the code that declares them, by column."""
    line = re.compile(r'^\s+(?:Column\("(\w+)"|(\w+): Mapped).*?  # (.+)$', re.MULTILINE)
    found = line.findall(code)
    return {column or attribute: note.replace('"', "'") for column, attribute, note in found if "noqa" not in note}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
