"""Transactions, locks, claims and numbers hold when two work at the same moment, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from domains.accounts import db
from domains.kernel import clock, database
from domains.kernel.config import Settings
from domains.kernel.database import claimed, insert_new, locked, new_id, next_number, repeated

series, outbox, consumed = db.number_series, db.outbox, db.consumed


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    made = database.make_engine(f"sqlite:///{tmp_path}/new/one.sqlite3")
    yield made
    made.dispose()


def at_once(work: Callable[[int], Any], people: int = 2) -> list[Any]:
    """What each of some threads brings back, started at the same moment."""
    start = Barrier(people)

    def begin(number: int) -> Any:
        start.wait(10)
        return work(number)

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(begin, range(people)))


class InTheMiddle(Exception):
    """What goes wrong before a transaction has ended."""


failing = partial(pytest.raises, InTheMiddle)


def waiting_events(count: int) -> None:
    with db.begin() as session:
        for number in range(count):
            session.execute(
                outbox.insert().values(
                    event_id=new_id(), type="t", aggregate_id=new_id(), version=number, body={}, at=clock.now(session)
                )
            )


def last_of(session: Session, name: str) -> int | None:
    return session.scalar(select(series.c.last).where(series.c.series == name))


def claim(session: Session, limit: int) -> list[int]:
    query = select(outbox.c.position).where(outbox.c.published_at.is_(None)).order_by(outbox.c.position).limit(limit)
    return list(session.scalars(claimed(query, outbox)))


def test_sqlite_keeps_what_it_has_confirmed_and_lets_readers_read(engine: Any) -> None:
    with engine.connect() as connection:
        told = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}  # fmt: skip

    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_a_writer_on_sqlite_holds_the_lock_before_its_first_statement(engine: Any) -> None:
    other = sqlite3.connect(engine.url.database, timeout=0, isolation_level=None)

    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    other.execute("BEGIN IMMEDIATE")  # and lets it go at the end
    other.close()


def test_a_reader_neither_waits_for_a_writer_nor_holds_one_up_and_sees_one_moment(databases: Settings) -> None:
    with db.begin() as session:
        insert_new(session, series, {"series": "A", "last": 1}, "series")

    with ExitStack() as open_:
        writer = open_.enter_context(db.begin())
        writer.execute(series.update().values(last=2))
        reader = open_.enter_context(db.begin_read())
        assert last_of(reader, "A") == 1
    with db.begin_read() as reader:
        assert last_of(reader, "A") == 2
        with db.begin() as writer:
            writer.execute(series.update().values(last=3))
        assert last_of(reader, "A") == 2


def test_a_reader_cannot_write(databases: Settings) -> None:
    with pytest.raises(DBAPIError), db.begin_read() as session:
        session.execute(series.insert().values(series="A", last=1))

    with db.begin() as session:  # and what it was is forgotten when its connection comes back to the pool
        session.execute(series.insert().values(series="A", last=1))


@pytest.mark.asvs("2.3.3")
def test_what_fails_half_way_leaves_nothing(databases: Settings) -> None:
    with failing(), db.begin() as session:
        session.execute(series.insert().values(series="A", last=1))
        raise InTheMiddle

    with db.begin_read() as session:
        assert last_of(session, "A") is None


def test_two_who_lock_a_row_do_not_lose_each_others_change(databases: Settings) -> None:
    with db.begin() as session:
        insert_new(session, series, {"series": "A", "last": 0}, "series")

    def add(_: int) -> None:
        for _ in range(10):
            with db.begin() as session:
                query = locked(series.select().where(series.c.series == "A"), series)
                last = session.execute(query).one().last
                session.execute(series.update().where(series.c.series == "A").values(last=last + 1))

    at_once(add, 3)

    with db.begin_read() as session:
        assert last_of(session, "A") == 30


def test_two_who_claim_get_different_rows_until_none_is_left(databases: Settings) -> None:
    waiting_events(25)

    def take(_: int) -> list[int]:
        mine: list[int] = []
        while True:
            with db.begin() as session:
                if not (found := claim(session, 3)):
                    return mine
                values = {"published_at": clock.now(session)}
                session.execute(outbox.update().where(outbox.c.position.in_(found)).values(values))
            mine += found

    taken = [position for mine in at_once(take, 3) for position in mine]

    assert (len(taken), len(set(taken))) == (25, 25)


def test_who_claims_passes_over_what_others_hold_without_waiting(databases: Settings) -> None:
    if not databases.database_url:
        pytest.skip("on SQLite there is one writer at a time")
    waiting_events(3)

    with db.begin() as one, db.begin() as other:
        other.execute(text("SET LOCAL lock_timeout = '5s'"))
        first, second = claim(one, 2), claim(other, 2)

    assert (len(first), len(second)) == (2, 1)
    assert not set(first) & set(second)


def test_the_victim_of_a_deadlock_is_done_again(databases: Settings) -> None:
    if not databases.database_url:
        pytest.skip("on SQLite one writes after the other")
    with db.begin() as session:
        for name in ("A", "B"):
            insert_new(session, series, {"series": name, "last": 0}, "series")
    both_hold_one = Barrier(2)

    def add(order: str) -> int:
        tries = 0

        def work() -> None:
            nonlocal tries
            tries += 1
            with db.begin() as session:
                for place, name in enumerate(order):
                    row = session.execute(locked(select(series).where(series.c.series == name), series)).one()
                    session.execute(series.update().where(series.c.series == name).values(last=row.last + 1))
                    if place == 0 and tries == 1:
                        both_hold_one.wait(20)

        repeated(work)
        return tries

    tries = at_once(lambda number: add(("AB", "BA")[number]))

    with db.begin_read() as session:
        assert [last_of(session, "A"), last_of(session, "B")] == [2, 2]
    assert sorted(tries) == [1, 2]


def test_a_row_is_inserted_once_however_often_and_by_however_many(databases: Settings) -> None:
    key = new_id()

    def note(_: int) -> bool:
        with db.begin() as session:
            return insert_new(session, consumed, {"event_id": key, "at": clock.now(session)}, "event_id")

    assert sorted(at_once(note, 4)) == [False, False, False, True]
    assert note(0) is False
    with db.begin_read() as session:
        assert session.scalar(select(func.count()).select_from(consumed)) == 1


def test_an_insert_that_was_rolled_back_does_not_count(databases: Settings) -> None:
    row = {"series": "A", "last": 1}
    with failing(), db.begin() as session:
        assert insert_new(session, series, row, "series")
        raise InTheMiddle

    with db.begin() as session:
        assert insert_new(session, series, row, "series")


def test_insert_new_does_not_hide_another_fault(databases: Settings) -> None:
    with pytest.raises(IntegrityError), db.begin() as session:
        insert_new(session, series, {"series": "A", "last": None}, "series")


def test_numbers_have_no_gap_and_no_twin_when_many_ask_at_once(databases: Settings) -> None:
    def ask(_: int) -> list[str]:
        found = []
        for _ in range(5):
            with db.begin() as session:
                found.append(next_number(session, "ORD", 2026))
        return found

    numbers = sorted(number for mine in at_once(ask, 4) for number in mine)

    assert numbers == [f"ORD-2026-{number:06d}" for number in range(1, 21)]


def test_each_series_and_year_counts_by_itself_and_a_rollback_gives_its_number_back(databases: Settings) -> None:
    with db.begin() as session:
        asked = [("ORD", 2026), ("SUB", 2026), ("ORD", 2027), ("ORD", 2026)]
        assert [next_number(session, *one) for one in asked] == [
            "ORD-2026-000001", "SUB-2026-000001", "ORD-2027-000001", "ORD-2026-000002",
        ]  # fmt: skip
    with failing(), db.begin() as session:
        assert next_number(session, "ORD", 2026) == "ORD-2026-000003"
        raise InTheMiddle
    with db.begin() as session:
        assert next_number(session, "ORD", 2026) == "ORD-2026-000003"


def test_a_child_process_does_not_use_its_parents_connections(databases: Settings) -> None:
    mine = db.engine
    child = os.fork()
    if child == 0:
        os._exit(0 if db.engine is not mine and db.engine.pool is not mine.pool else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert db.engine is mine


def test_other_settings_lead_to_another_database(tmp_path: Path) -> None:
    database.bind(Settings(var=str(tmp_path)))
    before = db.engine
    database.bind(Settings(var=str(tmp_path / "other")))

    assert db.engine is not before
    assert str(db.engine.url) == f"sqlite:///{tmp_path}/other/db/accounts.sqlite3"
    assert (tmp_path / "other" / "db").is_dir()


@pytest.mark.asvs("16.2.5")
def test_an_error_does_not_tell_the_values_of_a_statement(engine: Any) -> None:
    with engine.begin() as connection:
        series.create(connection)
    with pytest.raises(IntegrityError) as failed, engine.begin() as connection:
        connection.execute(insert(series).values(series="a-secret-value", last=None))

    assert "a-secret-value" not in str(failed.value)
