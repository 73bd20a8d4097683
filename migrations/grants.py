"""What the role that the processes connect as may not do to the audit trail: change or delete what is written.

Entries and seals are written once. Values and names can be destroyed, for a person has a right to that, but never
changed; `audit verify` reports each that is gone without an entry that says so. There is no trigger: the rights of the
role are the whole of it, and the owner of the tables is nobody who serves requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

ONCE = ("audit_entry", "audit_seal")
ERASABLE = ("audit_value", "audit_origin", "audit_waiting")
FOR_EVER = ("audit_head",)


def on_audit(metadata: MetaData, role: str, *, azure: bool) -> Iterator[str]:
    """The statements that hold a role to this; to be run after whatever else it is given."""
    who = f"[{role}]" if azure else f'"{role}"'
    for names, given, refused in (
        (ONCE, "SELECT, INSERT", ("UPDATE", "DELETE")),
        (ERASABLE, "SELECT, INSERT, DELETE", ("UPDATE",)),
        (FOR_EVER, "SELECT, INSERT", ("DELETE",)),
    ):
        for name in names:
            yield f"GRANT {given} ON {'dbo' if azure else 'public'}.{name} TO {who}"
            yield from (
                _refused(metadata.tables[name], refused, who)
                if azure
                else (f"REVOKE {', '.join(refused)}, TRUNCATE ON public.{name} FROM {who}",)
            )


def _refused(table: Table, rights: tuple[str, ...], who: str) -> Iterator[str]:
    """On Azure SQL a right to a column outlives a refusal of its table, so each column is refused."""
    for right in rights:
        columns = f" ({', '.join(column.name for column in table.columns)})" if right == "UPDATE" else ""
        yield f"DENY {right}{columns} ON dbo.{table.name} TO {who}"
