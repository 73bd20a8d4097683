"""What `migrate` leaves on PostgreSQL: the role's rights on the audit trail, and what a session reads of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

import doctor
from domains import accounts
from domains.accounts.events import AccountChanged
from domains.kernel import audit, database, policies, sealing, standing
from domains.kernel.config import Settings, SettingsError
from domains.kernel.database import new_id
from domains.kernel.messages import acting, publish
from domains.kernel.tenancy import Actor, Origin, Scope, within
from tests.servers import binaries

from .servers import direct, installation_of_two_roles
from .test_row_security import said

pytestmark = [pytest.mark.slow, pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed")]
KEY = "a key that only the sealer has"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, str]) -> Iterator[Settings]:
    settings = Settings(var=str(tmp_path_factory.mktemp("roles")), queue_url="redis://127.0.0.1:1/0", **secrets)
    with installation_of_two_roles(settings) as found:
        yield found


def a_change_of(customer_id: UUID) -> None:
    somebody = acting(actor=Actor("user", str(new_id()), "Vera Victim"), origin=Origin("203.0.113.9", "Firefox"))
    with somebody, accounts.db.begin() as session:
        about = {"customer_id": customer_id, "subject": ("account", new_id())}
        audit.record(session, "accounts.rename", after={"name": "canaryvictim"}, **about)


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize("statement", [
    "UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry", "UPDATE audit_seal SET seq = 9",
    "DELETE FROM audit_seal", "UPDATE audit_value SET salt = ''", "UPDATE audit_origin SET actor_name = ''",
    "DELETE FROM audit_head",
])  # fmt: skip
def test_migrate_leaves_the_role_no_right_to_change_the_trail(installed: Settings, statement: str) -> None:
    database.bind(installed)
    a_change_of(new_id())
    sealing.seal(accounts.db, KEY)

    with direct(installed, "accounts") as connection:
        said(connection, "system")
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(statement))


@pytest.mark.parametrize("query", [
    "SELECT actor_name || place FROM audit_origin", "SELECT cast(body AS text) FROM outbox",
    "SELECT cast(after AS text) FROM audit_value",
])  # fmt: skip
def test_a_customers_session_reads_nothing_of_anothers_trail(installed: Settings, query: str) -> None:
    database.bind(installed)
    a_change_of(new_id())
    sealing.seal(accounts.db, KEY)

    with direct(installed, "accounts") as connection:
        said(connection, "system")
        found = " ".join(map(str, connection.scalars(text(query))))
        assert "Victim" in found or "canaryvictim" in found
        said(connection, "customer", new_id())
        assert list(connection.scalars(text(query))) == []


def test_a_customers_session_reads_and_answers_no_command(installed: Settings) -> None:
    """Replies carry what steps gave, such as what a domain has told of a person."""
    database.bind(installed)
    row: dict[str, Any] = {"cmd_id": new_id(), "run_id": new_id(), "seq": 1, "phase": "F", "gen": 1, "outcome": "OK"}
    row |= {"fence": 0, "reply": {"users_part": "canary"}, "at": datetime.now(UTC)}
    with within(Scope.system("a worker")), accounts.db.begin() as session:
        session.execute(accounts.db.inbox.insert().values(row))

    with direct(installed, "accounts") as connection:
        said(connection, "customer", new_id())
        assert connection.execute(text("SELECT reply FROM inbox")).all() == []
        assert connection.execute(text("DELETE FROM inbox")).rowcount == 0


def test_a_customers_session_tells_what_has_happened_and_cannot_change_what_is_told(installed: Settings) -> None:
    database.bind(installed)
    with within(Scope.customer(customer := new_id())), accounts.db.begin() as session:
        publish(session, AccountChanged(2, new_id(), customer, None, "Renamed", "eur", "active"))

    with direct(installed, "accounts") as connection:
        said(connection, "customer", customer)
        for statement in ("UPDATE outbox SET published_at = now()", "DELETE FROM outbox"):
            assert connection.execute(text(statement)).rowcount == 0


def test_a_role_whom_no_policy_holds_is_found(installed: Settings) -> None:
    url = make_url(installed.as_owner().database_url_of("accounts")).set(username="cloudsales")
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        assert policies.unheld(connection, accounts.db.metadata) == policies.held(accounts.db.metadata)
    engine.dispose()


def test_another_policy_beside_ours_is_found_and_taken_away(installed: Settings) -> None:
    metadata = accounts.db.metadata
    with direct(installed, "accounts", owner=True) as connection:
        connection.execute(text("CREATE POLICY more ON account USING (true)"))
        connection.execute(text("ALTER POLICY append ON outbox WITH CHECK (true)"))
        connection.execute(text("DROP POLICY append ON audit_entry"))
        wrong = policies.unheld(connection, metadata)
        assert {table.name for table in wrong} == {"account", "outbox", "audit_entry"}
        for table in wrong:
            for statement in policies.on_postgresql(table):
                connection.execute(text(statement.replace(":", "\\:")))
        assert policies.unheld(connection, metadata) == []


def test_production_serves_as_the_role_and_refuses_to_serve_as_the_owner(installed: Settings) -> None:
    production, owner = (replace(one, mode="production") for one in (installed, installed.as_owner()))
    database.bind(production)
    standing.refuse_owner(production, ("accounts", "users", "saga"))
    with accounts.db.begin_read() as session:
        assert session.scalar(text("SELECT 1")) == 1

    database.bind(owner)
    with pytest.raises(SettingsError, match="the tables' owner"):
        standing.refuse_owner(owner, ("accounts",))
    with pytest.raises(policies.Loose), accounts.db.begin_read() as session:
        session.scalar(text("SELECT 1"))
    database.bind(installed)


def test_the_doctor_says_as_whom_the_processes_connect(installed: Settings) -> None:
    wrong = [one.what for one in doctor._databases(installed) if not one.found]
    owners = [one.what for one in doctor._databases(installed.as_owner()) if not one.found]

    assert wrong == []
    assert len(owners) == 8 and all("the tables' owner" in what for what in owners)


ENTRIES = """
INSERT INTO audit_entry (id, customer_id, at, actor_kind, actor_id, action, subject_kind, subject_id, digest, form)
SELECT gen_random_uuid(), :who, now(), 'user', 'x', 'a.b', 'account', gen_random_uuid(), 'd', 2
FROM generate_series(1, 5000)
"""


def test_a_child_is_read_without_reading_all_of_its_parents(installed: Settings) -> None:
    customer = {"who": new_id()}
    values = "INSERT INTO audit_value (entry_id, salt) SELECT id, 's' FROM audit_entry WHERE customer_id = :who"
    with direct(installed, "accounts", owner=True) as connection:
        said(connection, "system")
        for statement in (ENTRIES, values):
            connection.execute(text(statement), customer)
        for table in ("audit_entry", "audit_value"):
            connection.execute(text(f"ANALYZE {table}"))
        one = connection.scalar(text("SELECT id FROM audit_entry WHERE customer_id = :who LIMIT 1"), customer)
        said(connection, "customer", customer["who"])
        query = f"SELECT * FROM audit_value WHERE entry_id = '{one}'"
        plan = "\n".join(connection.scalars(text(f"EXPLAIN (ANALYZE) {query}")))
        assert len(connection.execute(text(query)).all()) == 1
    assert "rows=5000" not in plan, plan
