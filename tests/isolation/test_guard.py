"""The guard in every session: what a query forgot is added; what is somebody else's is neither found nor written."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from domains import accounts, users
from domains.accounts.models import Account
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.guard import Trespass, Unbound
from domains.kernel.tenancy import Scope, within
from domains.users.models import Organisation
from tests.callers import as_in_a_web_process
from tests.factories import accounts as made


def two_accounts(reseller_id: UUID | None = None) -> tuple[UUID, UUID, UUID]:
    """An account of ours and one of a stranger's, whose reseller it may be: its customer, our id, their id."""
    with accounts.db.begin() as session:
        ours = made.an_account(session)
        theirs = made.an_account(session, made.a_customer(session, reseller_id=reseller_id))
        return ours.customer_id, ours.id, theirs.id


def test_a_query_without_a_scope_finds_the_callers_rows_only(databases: Settings) -> None:
    us, ours, theirs = two_accounts()
    other = aliased(Account)

    with within(Scope.customer(us)), accounts.db.begin_read() as session:
        assert session.scalars(select(Account.id)).all() == [ours]
        assert session.get(Account, theirs) is None
        assert session.get(Account, ours) is not None
        assert session.scalars(select(other).where(other.id == theirs)).all() == []
        assert session.scalar(select(func.count()).select_from(Account)) == 1
        assert session.scalars(select(Account.name).where(Account.id == theirs)).all() == []


def test_a_statement_that_changes_rows_changes_the_callers_only(databases: Settings) -> None:
    us, ours, theirs = two_accounts()

    with within(Scope.customer(us)), accounts.db.begin() as session:
        session.execute(update(Account).values(name="Ours"))
    with accounts.db.begin_read() as session:
        assert session.get_one(Account, ours).name == "Ours"
        assert session.get_one(Account, theirs).name != "Ours"


def test_a_row_of_somebody_else_is_not_written(databases: Settings) -> None:
    us, _, theirs = two_accounts()
    with accounts.db.begin_read() as session:
        row = session.get_one(Account, theirs)

    with within(Scope.customer(us)), accounts.db.begin() as session:
        session.add(row)
        row.name = "Ours now"
        with pytest.raises(Trespass):
            session.flush()
        session.expunge(row)
    with accounts.db.begin_read() as session:
        assert session.get_one(Account, theirs).name != "Ours now"


def test_a_reseller_finds_its_end_customers_and_the_operator_all(databases: Settings) -> None:
    reseller_id = new_id()
    _, ours, theirs = two_accounts(reseller_id)

    with within(Scope.reseller(reseller_id)), accounts.db.begin_read() as session:
        assert session.scalars(select(Account.id)).all() == [theirs]
    with within(Scope.operator()), accounts.db.begin_read() as session:
        assert set(session.scalars(select(Account.id))) == {ours, theirs}


def test_without_anybody_to_work_for_nothing_is_read_or_written(databases: Settings) -> None:
    with as_in_a_web_process():
        with accounts.db.begin_read() as session, pytest.raises(Unbound):
            session.scalars(select(Account)).all()
        with accounts.db.begin_read() as session, pytest.raises(Unbound):
            session.get(Account, new_id())
        with accounts.db.begin() as session:
            session.add(row := Account(id=new_id(), customer_id=new_id()))
            with pytest.raises(Unbound):
                session.flush()
            session.expunge(row)


def test_who_is_calling_is_found_out_before_anybody_is_bound(databases: Settings) -> None:
    with as_in_a_web_process(), users.db.begin_read() as session:
        assert session.scalars(select(Organisation)).all() == []
