"""Who did what is written with what was done, and nobody can change it afterwards without being found out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row

from domains.accounts import db
from domains.kernel import audit
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.messages import acting
from domains.kernel.money import Money
from domains.kernel.tenancy import Actor

KEY = "a key that only the sealer has"
entry, value, head = db.audit_entry, db.audit_value, db.audit_head
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | words | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.integers(), inner, max_size=3),
    max_leaves=5,
)


def changes(count: int, customer_id: UUID | None = None) -> UUID:
    """Some changes of one customer's account; gives the customer."""
    customer_id = customer_id or new_id()
    with db.begin() as session:
        for number in range(count):
            audit.record(session, "accounts.rename", customer_id=customer_id, subject=("account", new_id()),
                         before={"name": f"Old {number}"}, after={"name": f"New {number}"})  # fmt: skip
    return customer_id


def entries() -> list[Row[Any]]:
    with db.begin_read() as session:
        return list(session.execute(entry.select().order_by(entry.c.seq)))


def faults() -> list[str]:
    return list(audit.verify(db, KEY))


def tamper(*statements: Any) -> None:
    with db.begin() as session:
        for statement in statements:
            session.execute(statement)


def test_a_change_says_who_made_it_why_and_what_it_was_before(databases: Settings) -> None:
    @dataclass(frozen=True)
    class Terms:
        budget: Money
        since: date

    run_id, subject = new_id(), ("account", new_id())
    with acting(actor=Actor("user", "u-1", "Olivia Owen"), request_id="req-1", run_id=run_id), db.begin() as session:
        audit.record(session, "accounts.change", customer_id=new_id(), subject=subject,
                     after=Terms(Money.of("5", "EUR"), date(2026, 3, 10)))  # fmt: skip

    (row,) = entries()
    assert (row.actor_kind, row.actor_id, row.actor_name) == ("user", "u-1", "Olivia Owen")
    assert (row.request_id, row.run_id, row.subject_kind, row.subject_id) == ("req-1", run_id, *subject)
    assert (row.seq, row.previous, row.hash) == (None, None, None)
    with db.begin_read() as session:
        kept = session.execute(value.select()).one()
    assert (kept.before, kept.after) == (None, {"budget": {"amount": "5.00", "currency": "EUR"}, "since": "2026-03-10"})


def test_what_is_taken_back_was_never_done(databases: Settings) -> None:
    def change() -> None:
        with db.begin() as session:
            audit.record(session, "accounts.rename", customer_id=new_id(), subject=("account", new_id()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()

    assert entries() == []


def test_each_customer_has_a_chain_of_its_own_that_goes_on(databases: Settings) -> None:
    first, second = changes(3), changes(2)
    assert (audit.seal(db, KEY), audit.seal(db, KEY)) == (5, 0)
    changes(1, first)
    assert audit.seal(db, KEY) == 1

    for customer_id, length in ((first, 4), (second, 2)):
        chain = [row for row in entries() if row.customer_id == customer_id]
        assert [row.seq for row in chain] == list(range(1, length + 1))
        assert [row.previous for row in chain] == [audit.GENESIS, *(row.hash for row in chain[:-1])]
    assert faults() == []


def test_a_long_queue_is_sealed_piece_by_piece(databases: Settings) -> None:
    changes(7)

    assert [audit.seal(db, KEY, limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert faults() == []


def test_two_sealers_at_once_do_not_fork_a_chain(databases: Settings) -> None:
    customers = [changes(5) for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(lambda _: audit.seal(db, KEY, limit=4), range(12)))

    assert sum(sealed) == 15
    assert sorted(row.seq for row in entries()) == sorted([*range(1, 6)] * len(customers))
    assert faults() == []


FORGERIES: dict[str, Callable[[list[Row[Any]]], list[Any]]] = {
    "changed": lambda rows: [entry.update().where(entry.c.id == rows[1].id).values(actor_name="Somebody Else")],
    "backdated": lambda rows: [
        entry.update().where(entry.c.id == rows[1].id).values(at=datetime(2020, 1, 1, tzinfo=UTC))
    ],
    "removed": lambda rows: [entry.delete().where(entry.c.id == rows[1].id)],
    "removed and renumbered": lambda rows: [
        entry.delete().where(entry.c.id == rows[1].id),
        *(entry.update().where(entry.c.id == row.id).values(seq=row.seq - 1) for row in rows[2:]),
        head.update().values(seq=len(rows) - 1),
    ],
    "reordered": lambda rows: [
        entry.update().where(entry.c.id == row.id).values(seq=seq)
        for row, seq in [(rows[1], 99), (rows[2], 2), (rows[1], 3)]
    ],
    "cut off": lambda rows: [entry.delete().where(entry.c.id == rows[-1].id)],
    "cut off with its head": lambda rows: [
        entry.delete().where(entry.c.id == rows[-1].id), head.update().values(seq=rows[-2].seq)
    ],
    "beheaded": lambda rows: [head.delete()],
    "other values": lambda rows: [
        value.update().where(value.c.entry_id == rows[1].id).values(after={"name": "Something else"})
    ],
    "values and digest without the key": lambda rows: [
        value.update().where(value.c.entry_id == rows[1].id).values(before=None, after=None, salt=""),
        entry.update().where(entry.c.id == rows[1].id).values(
            digest=audit.digest("", audit.canonical({"before": None, "after": None}))
        ),
    ],
}  # fmt: skip


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_trail_is_found(databases: Settings, forgery: str) -> None:
    changes(4)
    audit.seal(db, KEY)
    assert faults() == []

    tamper(*FORGERIES[forgery](entries()))

    assert faults() != []


def test_who_does_not_have_the_key_cannot_make_a_chain_anew(databases: Settings) -> None:
    changes(2)
    audit.seal(db, "another key")

    assert len(faults()) == 2


def test_erasing_what_it_was_does_not_break_the_chain(databases: Settings) -> None:
    changes(3)
    audit.seal(db, KEY)

    tamper(value.delete())

    assert faults() == []


def test_the_head_of_each_chain_leaves_the_database_in_the_log(
    databases: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    customer_id = changes(2)
    with caplog.at_level(logging.INFO, "domains.kernel.audit"):
        audit.seal(db, KEY)

    (told,) = caplog.records
    assert (told.chain, told.seq, told.hash) == (f"accounts:{customer_id}", 2, entries()[-1].hash)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.none() | st.dictionaries(words, plain, max_size=3), st.none() | st.dictionaries(words, plain, max_size=3))
def test_values_of_any_shape_are_recognised_again(databases: Settings, before: Any, after: Any) -> None:
    tamper(entry.delete(), value.delete())  # of the example before
    with db.begin() as session:
        audit.record(session, "a.b", customer_id=new_id(), subject=("x", new_id()), before=before, after=after)

    assert faults() == []
