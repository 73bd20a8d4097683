"""Ways around the guard of a session: each finds nothing of a stranger's, or is refused. SQLite has no other lock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, exists, func, insert, literal, select, union_all, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from domains import accounts
from domains.accounts.models import Account
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.guard import Trespass, Unbound
from domains.kernel.tenancy import Scope, within
from tests.callers import as_in_a_web_process

from .test_guard import two_accounts

TABLE: Any = Account.__table__
ALIAS = TABLE.alias()
IS_THEIRS = Account.id == bindparam("theirs")
DEEP = {
    "alias": select(ALIAS.c.id),
    "subquery": select(select(TABLE.c.id).subquery().c.id),
    "cte": select(select(TABLE.c.id).cte().c.id),
    "union": union_all(select(TABLE.c.id), select(TABLE.c.id)),
    "scalar": select(select(func.max(TABLE.c.id)).scalar_subquery()),
    "exists": select(literal(1)).where(exists(select(TABLE.c.id).where(TABLE.c.id == bindparam("theirs")))),
    "table beside model": select(Account.id, ALIAS.c.id).where(Account.id != ALIAS.c.id),
    "from_statement": select(Account).from_statement(select(TABLE)),
}  # of tables without their models
NARROWED = {
    "table": select(TABLE.c.id),
    "table and model": select(TABLE.c.id).where(Account.name != ""),
    "model's subquery": select(select(Account.id).subquery().c.id),
    "model's cte": select(select(Account.id).cte().c.id),
    "model's union": union_all(select(Account.id), select(Account.id)),
    "model's scalar": select(select(Account.id).where(IS_THEIRS).scalar_subquery()),
    "model's exists": select(literal("seen")).where(exists(select(Account.id).where(IS_THEIRS))),
    "model in": select(literal("seen")).where(bindparam("theirs", type_=Account.id.type).in_(select(Account.id))),
    "model from_statement": select(Account.id).from_statement(select(Account.id)),
}


@pytest.mark.parametrize("name", DEEP)
def test_a_table_without_its_model_deep_in_a_statement_is_refused(databases: Settings, name: str) -> None:
    us, _, theirs = two_accounts()

    with within(Scope.customer(us)), accounts.db.begin_read() as session, pytest.raises(Trespass, match="too deep"):
        session.execute(DEEP[name], {"theirs": theirs} if name == "exists" else {}).all()


@pytest.mark.parametrize("name", NARROWED)
def test_a_read_finds_nothing_of_a_strangers(databases: Settings, name: str) -> None:
    us, ours, theirs = two_accounts()
    told = {"theirs": theirs} if name in ("model's scalar", "model's exists", "model in") else {}

    with within(Scope.customer(us)), accounts.db.begin_read() as session:
        found = {value for row in session.execute(NARROWED[name], told) for value in row}
    assert found <= {ours, None}

    with within(Scope.operator()), accounts.db.begin_read() as session:
        found = {value for row in session.execute(NARROWED[name], told) for value in row}
    assert found & {theirs, "seen"}


@pytest.mark.parametrize("name", [*DEEP, *NARROWED])
def test_a_read_for_nobody_is_refused(databases: Settings, name: str) -> None:
    statement = (DEEP | NARROWED)[name]
    told = {"theirs": new_id()} if "theirs" in str(statement) else {}

    with as_in_a_web_process(), accounts.db.begin_read() as session, pytest.raises(Unbound):
        session.execute(statement, told).all()


WRITES: dict[str, Callable[[Session, dict[str, Any]], Any]] = {
    "by key": lambda session, row: session.execute(update(Account), [{"id": row["id"], "name": "taken"}]),
    "by key, one": lambda session, row: session.execute(
        update(Account), [{"id": row["id"], "name": "taken"}], execution_options={"dml_strategy": "bulk"}
    ),
    "mappings": lambda session, row: session.bulk_update_mappings(Account, [{"id": row["id"], "name": "taken"}]),
    "new mappings": lambda session, row: session.bulk_insert_mappings(Account, [row | {"id": new_id()}]),
    "objects": lambda session, row: session.bulk_save_objects([Account(**row | {"id": new_id()})]),
    "new rows": lambda session, row: session.execute(insert(Account), [row | fresh()]),
    "new row": lambda session, row: session.execute(insert(Account).values(**row | fresh())),
    "new values": lambda session, row: session.execute(insert(Account).values([row | fresh(), row | fresh()])),
    "new row of the table": lambda session, row: session.execute(TABLE.insert().values(row | fresh())),
    "new row of nobody": lambda session, row: session.execute(insert(Account), [{"id": new_id(), "name": "taken"}]),
    "over a row": lambda session, row: session.execute(
        upsert(Account)
        .values(row | {"customer_id": session.info["scope"].customer_id})
        .on_conflict_do_update(index_elements=["id"], set_={"name": "taken"})
    ),
    "of nobody's, from a query": lambda session, row: session.execute(
        accounts.db.number_series.insert().from_select(["series", "last"], select(Account.name, literal(1)))
    ),
    "from a query": lambda session, row: session.execute(insert(Account).from_select(["id"], select(Account.id))),
}


def fresh() -> dict[str, Any]:
    """What must be another in each account."""
    return {"id": new_id(), "name": "taken", "name_key": str(new_id())}


@pytest.mark.parametrize("name", WRITES)
def test_rows_written_in_bulk_are_held(databases: Settings, name: str) -> None:
    us, _, theirs = two_accounts()
    with accounts.db.begin_read() as session:
        row = dict(session.execute(select(TABLE).where(TABLE.c.id == theirs)).mappings().one())

    with within(Scope.customer(us)), pytest.raises(Trespass), accounts.db.begin() as session:
        WRITES[name](session, row)

    with accounts.db.begin_read() as session:
        assert "taken" not in set(session.scalars(select(Account.name)))


def test_ones_own_rows_are_inserted_by_statements(databases: Settings) -> None:
    us, ours, _ = two_accounts()
    with accounts.db.begin_read() as session:
        row = dict(session.execute(select(TABLE).where(TABLE.c.id == ours)).mappings().one())

    with within(Scope.customer(us)), accounts.db.begin() as session:
        session.execute(insert(Account), [row | fresh(), row | fresh()])
        session.execute(TABLE.insert().values(row | fresh()))
        assert session.scalar(select(func.count()).select_from(Account)) == 4


def test_statements_about_a_strangers_row_change_nothing(databases: Settings) -> None:
    us, _, theirs = two_accounts()

    with within(Scope.customer(us)), accounts.db.begin() as session:
        for statement in (
            update(TABLE).values(name="taken"), delete(TABLE).where(TABLE.c.id == theirs),
            update(Account).where(Account.id == theirs).values(name="taken"), delete(Account),
        ):  # fmt: skip
            session.execute(statement)
    with accounts.db.begin_read() as session:
        assert session.get_one(Account, theirs).name != "taken"


@pytest.mark.parametrize("name", ["customer_id", "reseller_id"])
def test_a_strangers_row_cannot_be_taken_by_changing_whose_it_is(databases: Settings, name: str) -> None:
    us, _, theirs = two_accounts(reseller_id=new_id())
    scope = Scope.customer(us) if name == "customer_id" else Scope.reseller(us)
    with accounts.db.begin_read() as session:
        row = session.get_one(Account, theirs)

    with suppress(Trespass), within(scope), accounts.db.begin() as session:
        session.add(row)
        setattr(row, name, us)
        session.flush()
        pytest.fail("it was taken")
    with accounts.db.begin_read() as session:
        assert getattr(session.get_one(Account, theirs), name) != us
