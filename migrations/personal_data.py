"""Describes what every column may hold of people, for docs/personal-data.md: from the registers the code works by."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import domains.accounts.personal
import domains.billing.personal
import domains.customers.personal
import domains.notifications.personal
import domains.services.personal
import domains.support.personal
import domains.users.personal
import saga.forgetting
from domains.kernel.personal import CLASSES, SHARED, Held, Register

REGISTERS: dict[str, ModuleType] = {
    "customers": domains.customers.personal, "users": domains.users.personal, "accounts": domains.accounts.personal,
    "services": domains.services.personal, "support": domains.support.personal, "billing": domains.billing.personal,
    "notifications": domains.notifications.personal, "saga": saga.forgetting,
}  # fmt: skip
DOES = {"words": "names, addresses and own texts are replaced", "rows": "the rows are deleted", "kept": "kept: "}
HEAD = """# What we hold of people

Made from the registers that exports and erasures work by (`make personal-data`);
a column that can hold words and is in none of them fails a test. How both go: [ADR 33](adr/0033-personal-data.md).

| class | holds |
|---|---|
| person | who somebody is, and facts about them |
| contact | how somebody is reached, or where they were |
| secret | what proves somebody to be themselves; never told to anybody |
| financial | what an organisation owes, pays and is taxed by |
| free_text | what people have typed, which may tell of anybody |
| none | nothing about a person |

Columns of numbers, times and random ids are not listed: they are `none`.
"""


def document() -> str:
    """The whole page."""
    parts = [HEAD, *(section(name, module.PERSONAL) for name, module in REGISTERS.items())]
    return "\n".join([*parts, section("In every domain's database", SHARED)])


def section(name: str, register: Register) -> str:
    """One database's tables."""
    rows = "\n".join(line(table, held) for table, held in sorted(register.items()))
    return f"## {name}\n\n| table | found by | " + " | ".join(CLASSES) + f" | erasure |\n{'|---' * 9}|\n{rows}\n"


def line(table: str, held: Held) -> str:
    """One table."""
    classes = " | ".join(", ".join(getattr(held, one).split()) or "–" for one in CLASSES)
    return f"| `{table}` | {', '.join(held.subject.split()) or '–'} | {classes} | {does(held)} |"


def does(held: Held) -> str:
    """What an erasure does to a person's rows of a table."""
    if held.erase == "kept":
        return DOES["kept"] + held.why
    told = any((held.subject, held.person, held.contact, held.free_text))
    return DOES[held.erase] if told else "–"


def unclassified() -> Iterator[str]:
    """Columns that can hold words and are in no register, and names in a register that are no columns."""
    for name, module in REGISTERS.items():
        database = sys.modules["saga.tables" if name == "saga" else f"domains.{name}.models"].db
        register = {**SHARED, **module.PERSONAL}
        for table in database.metadata.sorted_tables:
            held = register.get(table.name, Held())
            wordy = {column.name for column in table.columns if type(column.type).__name__ in WORDY}
            known = held.columns() | set(held.subject.split())
            yield from (f"{name}.{table.name}.{column} has no class" for column in sorted(wordy - known))
            yield from (f"{name}.{table.name} has no column {one}" for one in sorted(known - set(table.c.keys())))


WORDY = ("Unicode", "UnicodeText", "JSON", "String", "Text")

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
