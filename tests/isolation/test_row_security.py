"""Row-level security as PostgreSQL keeps it: under a role that owns nothing, by direct SQL, over pooled connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Insert, MetaData, Table, event, text
from sqlalchemy.exc import ProgrammingError

from domains import accounts, support
from domains.accounts.models import Account
from domains.kernel import database, policies, tenancy
from domains.kernel.config import DATABASES, Settings
from domains.kernel.database import new_id
from domains.kernel.tenancy import Scope
from migrations import rights
from tests.callers import as_in_a_web_process
from tests.factories import accounts as made
from tests.servers import binaries

from .servers import direct, installation_of_two_roles

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed"),
]
DENIED = "row-level security|permission denied"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, str]) -> Iterator[Settings]:
    settings = Settings(var=str(tmp_path_factory.mktemp("roles")), queue_url="redis://127.0.0.1:1/0", **secrets)
    with installation_of_two_roles(settings) as found:
        yield found


@pytest.fixture
def two(installed: Settings) -> Iterator[tuple[UUID, UUID]]:
    """Two customers with an account each; one pooled connection for everybody."""
    database.bind(installed)
    with accounts.db.begin() as session:
        ours, theirs = (made.an_account(session).customer_id for _ in range(2))
    with as_in_a_web_process():
        yield ours, theirs


def said(connection: Connection, kind: str, customer_id: UUID | str = "") -> None:
    values = {"kind": kind, "who": str(customer_id)}
    connection.execute(
        text("SELECT set_config('cloudsales.scope', :kind, true), set_config('cloudsales.customer', :who, true)"),
        values,
    )


def whose(connection: Connection) -> set[UUID]:
    return set(connection.scalars(text("SELECT customer_id FROM account")))


def test_who_has_said_nothing_sees_nothing_and_writes_nothing(installed: Settings, two: tuple[UUID, UUID]) -> None:
    for name in DATABASES:
        for table in tables_held(name):
            with direct(installed, name) as connection:
                assert connection.scalar(text(f'SELECT count(*) FROM "{table.name}"')) == 0, (name, table.name)
    with direct(installed, "accounts") as connection:
        assert connection.execute(text("UPDATE account SET name = 'x'")).rowcount == 0
        assert connection.execute(text("DELETE FROM account")).rowcount == 0
        with pytest.raises(ProgrammingError, match=DENIED), connection.begin_nested():
            connection.execute(copied(two[0]))


def test_a_customer_sees_and_writes_its_own_rows_only(installed: Settings, two: tuple[UUID, UUID]) -> None:
    ours, theirs = two
    with direct(installed, "accounts") as connection:
        said(connection, "customer", ours)
        assert whose(connection) == {ours}
        assert connection.execute(text("UPDATE account SET name = 'x' WHERE true")).rowcount == 1
        stranger = {"who": theirs}
        assert connection.execute(text("DELETE FROM account WHERE customer_id = :who"), stranger).rowcount == 0
        for statement in (copied(theirs), text("UPDATE account SET reseller_id = customer_id, customer_id = id")):
            with pytest.raises(ProgrammingError, match=DENIED), connection.begin_nested():
                connection.execute(statement)


def test_a_row_never_changes_its_customer_not_even_within_one_reseller(
    installed: Settings, two: tuple[UUID, UUID]
) -> None:
    with direct(installed, "accounts") as connection:
        said(connection, "system")
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(f"UPDATE account SET customer_id = '{two[1]}'"))


def test_a_reseller_sees_its_end_customers_and_no_others(installed: Settings) -> None:
    database.bind(installed)
    reseller, other = new_id(), new_id()
    with accounts.db.begin() as session:
        ends = [made.a_customer(session, reseller_id=who, kind="end_customer") for who in (reseller, other)]
        for end in ends:
            made.an_account(session, end)
    with direct(installed, "accounts") as connection:
        said(connection, "reseller", reseller)
        assert whose(connection) == {ends[0]}
        said(connection, "customer", reseller)  # without a reseller's scope, its own rows only
        assert whose(connection) == set()


@pytest.mark.parametrize("kind", ["operator", "system"])
def test_the_operator_and_the_system_see_all(installed: Settings, two: tuple[UUID, UUID], kind: str) -> None:
    with direct(installed, "accounts") as connection:
        said(connection, kind)
        assert whose(connection) >= set(two)


def test_the_owner_obeys_the_policies_and_the_role_cannot_touch_them(
    installed: Settings, two: tuple[UUID, UUID]
) -> None:
    with direct(installed, "accounts", owner=True) as connection:
        assert whose(connection) == set()
    for statement in (
        "ALTER TABLE account DISABLE ROW LEVEL SECURITY", "DROP POLICY tenant ON account", "TRUNCATE account",
        "ALTER TABLE account NO FORCE ROW LEVEL SECURITY", "CREATE TABLE mine (id int)", "DROP TABLE account",
        "SET ROLE cloudsales_owner",
    ):  # fmt: skip
        with direct(installed, "accounts") as connection, pytest.raises(ProgrammingError, match=r"owner|denied"):
            connection.execute(text(statement))


def test_children_are_seen_with_their_parents(installed: Settings) -> None:
    database.bind(installed)
    case_id, customer_id = new_id(), new_id()
    case, link = (support.db.metadata.tables[name] for name in ("case_", "link"))
    with support.db.begin() as session:
        session.execute(case.insert().values(filled(case, id=case_id, customer_id=customer_id)))
        session.execute(link.insert().values(filled(link, case_id=case_id)))
    for who, count in ((customer_id, 1), (new_id(), 0)):
        with direct(installed, "support") as connection:
            said(connection, "customer", who)
            assert connection.scalar(text("SELECT count(*) FROM link")) == count


def test_two_customers_that_take_turns_on_one_connection_never_meet(
    installed: Settings, two: tuple[UUID, UUID]
) -> None:
    connections = set[int]()

    def note(connection: object, *_: object) -> None:
        connections.add(id(connection))

    event.listen(accounts.db.engine, "checkout", note)
    for turn in range(200):
        with suppress(ZeroDivisionError, ProgrammingError):
            look_around(turn, two[turn % 2])
        with accounts.db.begin_read() as session:  # between them, nobody
            assert session.execute(text("SELECT count(*) FROM account")).scalar() == 0
    event.remove(accounts.db.engine, "checkout", note)
    assert len(connections) <= 2


def look_around(turn: int, me: UUID) -> None:
    """See one's own rows and no others, and end in one of the ways a transaction ends."""
    opened = (accounts.db.begin, accounts.db.begin_read)[turn // 2 % 2]
    with tenancy.within(Scope.customer(me)), opened() as session:
        assert set(session.execute(text("SELECT customer_id FROM account")).scalars()) == {me}
        if turn % 5 == 0:
            raise ZeroDivisionError
        if turn % 11 == 0:
            session.execute(text("SELECT nothing FROM nowhere"))


def test_a_worker_says_for_whom_it_works_once_for_each_connection(installed: Settings) -> None:
    database.bind(installed)
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        told.extend([statement] if "set_config" in statement else [])

    event.listen(accounts.db.engine, "before_cursor_execute", note)
    for scope, count in ((Scope.system("worker"), 0), (Scope.customer(new_id()), 1), (Scope.system("worker"), 0)):
        told.clear()
        with tenancy.within(scope), accounts.db.begin_read() as session:
            seen = session.scalar(text("SELECT count(*) FROM account"))
        assert len(told) == count
        assert (seen == 0) == (count == 1)
    event.remove(accounts.db.engine, "before_cursor_execute", note)


def test_each_policy_is_in_place_and_one_that_is_not_is_missed_and_mended(installed: Settings) -> None:
    for name in DATABASES:
        with direct(installed, name, owner=True) as connection:
            shielded = rights.database_of(name).shielded
            assert policies.unheld(connection, rights.database_of(name).metadata) == [] or not shielded
    metadata = accounts.db.metadata
    with direct(installed, "accounts", owner=True) as connection:
        connection.execute(text("ALTER POLICY tenant ON account USING (true)"))
        connection.execute(text("ALTER TABLE reservation NO FORCE ROW LEVEL SECURITY"))
        assert {table.name for table in policies.unheld(connection, metadata)} == {"account", "reservation"}
        for table in policies.unheld(connection, metadata):
            for statement in policies.on_postgresql(table):
                connection.execute(text(statement.replace(":", "\\:")))
        assert policies.unheld(connection, metadata) == []


def tables_held(name: str) -> list[Table]:
    metadata: MetaData = import_module("saga.store" if name == "saga" else f"domains.{name}.models").db.metadata
    return policies.held(metadata) if rights.database_of(name).shielded else []


def copied(customer_id: UUID) -> Insert:
    """A statement that adds an account of a customer."""
    table: Any = Account.__table__
    row = filled(table, id=new_id(), customer_id=customer_id, name=str(new_id()))
    return table.insert().values(row)


def filled(table: Table, **known: Any) -> dict[str, Any]:
    """A row of a table with something in each column that must not be empty."""
    kinds = {
        "Id": new_id(),
        "Unicode": "x",
        "UnicodeText": "x",
        "Instant": datetime(2026, 3, 10, tzinfo=UTC),
        "JSON": [],
    }
    needed = [column for column in table.c if not column.nullable]
    return {column.name: kinds.get(type(column.type).__name__, 1) for column in needed} | known
