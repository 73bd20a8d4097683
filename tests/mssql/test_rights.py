"""What the processes' role may do to the audit trail on Azure SQL."""

from __future__ import annotations

from collections.abc import Callable

from domains.accounts import db
from migrations import grants


def test_the_role_of_the_processes_is_refused_what_would_change_the_trail(
    same_as_snapshot: Callable[[str, str], None],
) -> None:
    told = "".join(f"{statement};\n" for statement in grants.on_audit(db.metadata, "cloudsales_app", azure=True))

    same_as_snapshot("rights/audit.sql", told)
