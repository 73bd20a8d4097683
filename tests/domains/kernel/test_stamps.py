"""A list's stamp changes with each way of writing to its tables, for those whose rows they are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from domains.kernel import stamps
from domains.kernel.columns import new_id
from domains.kernel.config import Settings
from domains.kernel.database import insert_new
from domains.kernel.tenancy import Scope
from domains.services import commands, db
from domains.services.models import AccountRef, PriceBook, Subscription
from domains.services.pricing import STANDARD
from tests.factories.services import a_catalogue, a_subscription, an_account, an_offer

TOPICS = ("subscriptions", "accounts", "catalogue", "prices")
Seen = dict[str, str]


class Shop:
    """A reseller's end-customer with an account and a subscription, and somebody else."""

    def __init__(self) -> None:
        self.reseller_id, self.other_id = new_id(), new_id()
        with db.begin() as session:
            a_catalogue(session)
            self.account = an_account(session, reseller_id=self.reseller_id)
            self.subscription = a_subscription(session, self.account)
        self.customer_id = self.account.customer_id

    def seen(self, *topics: str) -> Seen:
        scopes = {"customer": Scope.customer(self.customer_id), "reseller": Scope.reseller(self.reseller_id),
                  "other": Scope.customer(self.other_id)}  # fmt: skip
        with db.begin_read() as session:
            return {name: stamps.seen(session, scope, topics or TOPICS) for name, scope in scopes.items()}

    def changed_by(self, work: Callable[[Session], Any]) -> set[str]:
        """Whose stamp is another one after some work."""
        before = self.seen()
        with db.begin() as session:
            work(session)
        after = self.seen()
        return {name for name in before if before[name] != after[name]}


@pytest.fixture
def shop(databases: Settings) -> Shop:
    return Shop()


OURS, ALL = {"customer", "reseller"}, {"customer", "reseller", "other"}


def test_a_changed_row_stamps_its_customer_and_its_reseller(shop: Shop) -> None:
    def quantity(session: Session) -> None:
        session.get_one(Subscription, shop.subscription.id).quantity = 7

    assert shop.changed_by(quantity) == OURS
    assert shop.changed_by(lambda session: session.delete(session.get_one(Subscription, shop.subscription.id))) == OURS
    assert shop.changed_by(lambda session: an_account(session, customer_id=shop.customer_id)) >= {"customer"}


def test_what_is_only_read_or_written_as_it_was_stamps_nothing(shop: Shop) -> None:
    def same(session: Session) -> None:
        found = session.scalars(select(Subscription)).one()
        found.quantity = found.quantity + 0

    assert shop.changed_by(same) == set()


def test_a_row_that_goes_to_another_reseller_stamps_both(shop: Shop) -> None:
    def move(session: Session) -> None:
        session.get_one(AccountRef, shop.account.id).reseller_id = shop.other_id

    assert shop.changed_by(move) == ALL


STATEMENTS: dict[str, Callable[[Shop], Any]] = {
    "update": lambda shop: update(Subscription).values(quantity=3),
    "delete": lambda shop: delete(Subscription).where(Subscription.id == shop.subscription.id),
    "update of a table": lambda shop: update(Subscription.__table__).values(quantity=4),
    "insert of nobody's": lambda shop: insert(PriceBook.__table__).values(
        id=new_id(), name="x", version=1, changed_at=shop.subscription.looked_at
    ),
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_statement_that_does_not_say_whose_rows_it_writes_stamps_everybody(shop: Shop, kind: str) -> None:
    assert shop.changed_by(lambda session: session.execute(STATEMENTS[kind](shop))) == ALL


def test_rows_that_say_whose_they_are_stamp_theirs(shop: Shop) -> None:
    with db.begin_read() as session:
        row = dict(session.execute(select(Subscription.__table__)).one()._mapping) | {"id": new_id(), "number": "SUB-X"}

    assert shop.changed_by(lambda session: session.execute(insert(Subscription.__table__), [row])) == OURS


def test_what_the_commands_write_is_stamped(shop: Shop) -> None:
    known = {"country": "DE", "region": "eu", "time_zone": "UTC", "price_book": "x"}

    def know(session: Session) -> None:
        commands.know_customer(session, customer_id=shop.customer_id, version=9, **known)

    def register(session: Session) -> None:
        row = {"id": new_id(), "customer_id": shop.customer_id, "reseller_id": None, "name": "x", "status": "opening",
               "currency": "EUR", "version": 0, "customer_version": 0} | known  # fmt: skip
        insert_new(session, AccountRef.__table__, row, "id")

    assert shop.changed_by(know) >= {"customer"}
    assert shop.changed_by(register) >= {"customer"}
    assert shop.changed_by(a_catalogue) == set()  # it was the same
    assert shop.changed_by(lambda session: a_catalogue(session, an_offer(name="Other"))) == ALL
    assert shop.changed_by(lambda session: commands.set_price_book(session, name="y", rules=STANDARD)) == ALL


def test_what_is_taken_back_stamps_nothing(shop: Shop) -> None:
    before = shop.seen()

    def half(session: Session) -> None:
        session.execute(update(Subscription).values(quantity=3))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shop.changed_by(half)

    assert shop.seen() == before


def test_many_who_write_at_once_leave_one_stamp_each_and_wait_for_nobody_for_ever(shop: Shop) -> None:
    def work(_: int) -> str:
        with db.begin() as session:
            an_account(session, customer_id=shop.customer_id, reseller_id=shop.reseller_id)
        return shop.seen("accounts")["reseller"]

    with ThreadPoolExecutor(3) as pool:
        seen = list(pool.map(work, range(12)))

    assert shop.seen("accounts")["reseller"] in seen
    assert shop.seen("accounts")["other"] not in seen
