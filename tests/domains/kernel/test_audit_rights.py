"""The role that the processes connect as writes the audit trail and can neither change nor delete what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError

from domains.accounts import db
from domains.kernel import audit, sealing
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from migrations import grants

KEY = "a key that only the sealer has"
ROLE = "cloudsales_app"


@pytest.fixture
def as_the_app(databases: Settings) -> Iterator[Callable[[], None]]:
    """Lets the test go on as the role that owns nothing."""
    if not databases.database_url:
        pytest.skip("SQLite knows no roles: run with --postgresql")
    with db.engine.begin() as connection:
        if not connection.execute(text(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'")).first():
            connection.execute(text(f"CREATE ROLE {ROLE}"))
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}"))
        connection.execute(text(f"GRANT UPDATE (action, actor_id) ON audit_entry TO {ROLE}"))
        connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}"))
        for statement in grants.on_audit(db.metadata, ROLE, azure=False):
            connection.execute(text(statement))

    def become(connection: Any) -> None:
        connection.exec_driver_sql(f"SET LOCAL ROLE {ROLE}")

    yield lambda: event.listen(db.engine, "begin", become)
    if event.contains(db.engine, "begin", become):
        event.remove(db.engine, "begin", become)


def a_change() -> None:
    with db.begin() as session:
        audit.record(
            session, "accounts.rename", customer_id=new_id(), subject=("account", new_id()), after={"name": "N"}
        )


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize("statement", [
    "UPDATE audit_entry SET action = 'accounts.open'", "UPDATE audit_entry SET actor_id = 'u-2'",
    "DELETE FROM audit_entry", "TRUNCATE audit_entry", "UPDATE audit_seal SET seq = 9", "DELETE FROM audit_seal",
    "UPDATE audit_value SET after = NULL", "UPDATE audit_origin SET actor_name = ''", "DELETE FROM audit_head",
])  # fmt: skip
def test_what_is_written_cannot_be_changed_by_the_apps_role(as_the_app: Callable[[], None], statement: str) -> None:
    a_change()
    sealing.seal(db, KEY)
    as_the_app()

    with pytest.raises(ProgrammingError, match="permission denied"), db.engine.begin() as connection:
        connection.execute(text(statement))

    assert list(sealing.verify(db, KEY)) == []


def test_the_apps_role_records_seals_erases_and_verifies(as_the_app: Callable[[], None]) -> None:
    as_the_app()
    with db.engine.begin() as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == ROLE
    a_change()
    assert sealing.seal(db, KEY) == 1
    a_change()
    assert sealing.seal(db, KEY) == 1

    with db.begin() as session:
        audit.erase(session, person_id=new_id(), words=("N",))

    assert list(sealing.verify(db, KEY)) == []
