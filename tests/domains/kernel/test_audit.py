"""Who did what is written with what was done, and nobody can change it afterwards without being found out."""

from __future__ import annotations

import logging
import re
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, select

import cli
from domains.accounts import db
from domains.kernel import audit, sealing
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.messages import acting
from domains.kernel.money import Money
from domains.kernel.tenancy import Actor, Origin

KEY = "a key that only the sealer has"
entry, value, origin = db.audit_entry, db.audit_value, db.audit_origin
seals, waiting, head = db.audit_seal, db.audit_waiting, db.audit_head
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
    """The entries in the order of their chains, those that wait last, with their seals."""
    query = select(entry, seals.c.seq, seals.c.previous, seals.c.hash).outerjoin(seals, seals.c.entry_id == entry.c.id)
    with db.begin_read() as session:
        found = session.execute(query).all()
    return sorted(found, key=lambda row: (row.seq is None, row.seq or 0, row.id))


def faults() -> list[str]:
    return list(sealing.verify(db, KEY))


def tamper(*statements: Any) -> None:
    with db.begin() as session:
        for statement in statements:
            session.execute(statement)


def test_a_change_says_who_made_it_why_and_what_it_was_before(databases: Settings) -> None:
    @dataclass(frozen=True)
    class Terms:
        budget: Money
        since: date

    run_id, subject, customer_id = new_id(), ("account", new_id()), new_id()
    cause = {"actor": Actor("user", "u-1", "Olivia Owen"), "origin": Origin("192.0.2.7", "Firefox 128, Windows")}
    with acting(**cause, request_id="req-1", run_id=run_id), db.begin() as session:
        audit.record(session, "accounts.change", customer_id=customer_id, subject=subject,
                     after=Terms(Money.of("5", "EUR"), date(2026, 3, 10)))  # fmt: skip

    (row,) = entries()
    assert (row.actor_kind, row.actor_id, row.actor_name) == ("user", "u-1", None)  # the name lies where it can go
    assert (row.request_id, row.run_id, row.subject_kind, row.subject_id) == ("req-1", run_id, *subject)
    assert (row.seq, row.home_id, row.on_behalf_id) == (None, None, None)
    with db.begin_read() as session:
        kept, told = session.execute(value.select()).one(), session.execute(origin.select()).one()
    assert (kept.before, kept.after) == (None, {"budget": {"amount": "5.00", "currency": "EUR"}, "since": "2026-03-10"})
    assert (told.actor_name, told.place, told.program) == ("Olivia Owen", "192.0.2.7", "Firefox 128, Windows")


def test_what_somebody_does_for_another_organisation_stands_in_both_trails(databases: Settings) -> None:
    home_id, grant_id = new_id(), new_id()
    with acting(origin=Origin(home_id=home_id, grant_id=grant_id)):
        customer_id = changes(1)
        changes(1, home_id)  # what they do at home stands there once

    found = [(row.customer_id, row.home_id, row.on_behalf_id) for row in entries() if row.on_behalf_id]
    assert sorted(found) == sorted((trail, home_id, customer_id) for trail in (customer_id, home_id))
    assert {row.grant_id for row in entries()} == {grant_id}
    assert len(entries()) == 3


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
    assert (sealing.seal(db, KEY), sealing.seal(db, KEY)) == (5, 0)
    changes(1, first)
    assert sealing.seal(db, KEY) == 1

    for customer_id, length in ((first, 4), (second, 2)):
        chain = [row for row in entries() if row.customer_id == customer_id]
        assert [row.seq for row in chain] == list(range(1, length + 1))
        assert [row.previous for row in chain] == [sealing.GENESIS, *(row.hash for row in chain[:-1])]
    assert faults() == []


def test_a_long_queue_is_sealed_piece_by_piece(databases: Settings) -> None:
    changes(7)

    assert [sealing.seal(db, KEY, limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert faults() == []


def test_two_sealers_at_once_do_not_fork_a_chain(databases: Settings) -> None:
    customers = [changes(5) for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(lambda _: sealing.seal(db, KEY, limit=4), range(12)))

    assert sum(sealed) == 15
    assert sorted(row.seq for row in entries()) == sorted([*range(1, 6)] * len(customers))
    assert faults() == []


def where(row: Row[Any]) -> Any:
    return seals.c.entry_id == row.id


FORGERIES: dict[str, tuple[str, Callable[[list[Row[Any]]], list[Any]]]] = {
    "edited": ("entry 2 was changed", lambda rows: [
        entry.update().where(entry.c.id == rows[1].id).values(action="accounts.open")
    ]),
    "done by somebody else": ("entry 2 was changed", lambda rows: [
        entry.update().where(entry.c.id == rows[1].id).values(actor_id="u-2")
    ]),
    "backdated": ("entry 2 was changed", lambda rows: [
        entry.update().where(entry.c.id == rows[1].id).values(at=datetime(2020, 1, 1, tzinfo=UTC))
    ]),
    "deleted": ("entry 2 was deleted", lambda rows: [entry.delete().where(entry.c.id == rows[1].id)]),
    "deleted with its seal": ("entry 2 is missing", lambda rows: [
        entry.delete().where(entry.c.id == rows[1].id), seals.delete().where(where(rows[1]))
    ]),
    "deleted and renumbered": ("entry 2 was moved: it was sealed as entry 3", lambda rows: [
        entry.delete().where(entry.c.id == rows[1].id), seals.delete().where(where(rows[1])),
        *(seals.update().where(where(row)).values(seq=row.seq - 1) for row in rows[2:]),
        head.update().values(seq=len(rows) - 1),
    ]),
    "its seal taken": ("has lost its seal", lambda rows: [seals.delete().where(where(rows[1]))]),
    "reordered": ("entry 2 was moved: it was sealed as entry 3", lambda rows: [
        seals.update().where(where(row)).values(seq=seq) for row, seq in [(rows[1], 99), (rows[2], 2), (rows[1], 3)]
    ]),
    "reordered under their seals": ("entry 3 was moved: it was sealed as entry 2", lambda rows: [
        seals.delete().where(seals.c.seq.in_((2, 3))),
        *(seals.insert().values(entry_id=one.id, customer_id=one.customer_id, seq=at.seq, previous=at.previous,
                                hash=at.hash) for one, at in [(rows[1], rows[2]), (rows[2], rows[1])])
    ]),
    "cut off": ("the chain ends at entry 3, its head says 4", lambda rows: [
        entry.delete().where(entry.c.id == rows[-1].id), seals.delete().where(where(rows[-1]))
    ]),
    "cut off with its head": ("cut off: an anchor outside the database knows entry 4", lambda rows: [
        value.delete().where(value.c.entry_id == rows[-1].id), origin.delete().where(origin.c.entry_id == rows[-1].id),
        entry.delete().where(entry.c.id == rows[-1].id), seals.delete().where(where(rows[-1])),
        head.update().values(seq=rows[-2].seq, hash=rows[-2].hash),
    ]),
    "gone altogether": ("cut off: an anchor outside the database knows entry 4", lambda rows: [
        table.delete() for table in (entry, value, origin, seals, head)
    ]),
    "beheaded": ("the chain has lost its head", lambda rows: [head.delete()]),
    "other values": ("values of entry", lambda rows: [
        value.update().where(value.c.entry_id == rows[1].id).values(after={"name": "Something else"})
    ]),
    "another name": ("name and place of entry", lambda rows: [
        origin.update().where(origin.c.entry_id == rows[1].id).values(actor_name="Somebody Else")
    ]),
    "values gone": ("are gone, and no entry says they were erased", lambda rows: [
        value.delete().where(value.c.entry_id == rows[1].id)
    ]),
    "values and digest without the key": ("entry 2 was changed", lambda rows: [
        value.update().where(value.c.entry_id == rows[1].id).values(before=None, after=None, salt=""),
        entry.update().where(entry.c.id == rows[1].id).values(
            digest=audit.digest("", audit.canonical({"before": None, "after": None}))
        ),
    ]),
}  # fmt: skip


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_trail_is_found_and_named(databases: Settings, forgery: str) -> None:
    changes(4)
    sealing.seal(db, KEY)
    assert faults() == []
    said, statements = FORGERIES[forgery]

    tamper(*statements(entries()))

    assert [fault for fault in faults() if said in fault]


def test_who_does_not_have_the_key_cannot_make_a_chain_anew(databases: Settings) -> None:
    changes(2)
    sealing.seal(db, "another key")

    assert len(faults()) == 2


def test_erasing_a_person_does_not_break_the_chain_and_is_itself_on_record(databases: Settings) -> None:
    person_id = new_id()
    with acting(actor=Actor("user", str(person_id), "Zoë Zander"), origin=Origin("192.0.2.7")):
        customer_id = changes(2)
    with db.begin() as session:
        audit.record(session, "users.invite", customer_id=customer_id, subject=("user", new_id()),
                     after={"email": "zoë@northwind.example"})  # fmt: skip
    changes(1, customer_id)
    sealing.seal(db, KEY)

    with db.begin() as session:
        gone = audit.erase(session, person_id=person_id, words=("zoë@northwind.example",))
        again = audit.erase(session, person_id=person_id, words=("zoë@northwind.example",))
    sealing.seal(db, KEY)

    assert (gone, again) == ({"origins": 2, "values": 1}, {"origins": 0, "values": 0})
    with db.begin_read() as session:
        told = [*session.execute(origin.select()), *session.execute(value.select())]
    assert not re.search("zoë|zander", str(told), re.IGNORECASE)  # two letters alone may stand in a digest
    assert (len(entries()), faults()) == (5, [])


def test_entries_of_an_older_release_hold_in_their_own_form(databases: Settings) -> None:
    older = {"id": new_id(), "customer_id": new_id(), "at": datetime(2026, 3, 10, tzinfo=UTC), "actor_kind": "user",
             "actor_id": "u-1", "actor_name": "Olga Owner", "action": "accounts.open", "subject_kind": "account",
             "subject_id": new_id()}  # fmt: skip
    older["digest"] = audit.digest("salt", audit.canonical({"before": None, "after": None}))
    tamper(
        entry.insert().values(older),
        value.insert().values(entry_id=older["id"], salt="salt", before=None, after=None),
        waiting.insert().values(entry_id=older["id"]),
    )
    sealing.seal(db, KEY)
    assert faults() == []

    tamper(entry.update().values(actor_name="Somebody Else"))

    assert ["entry 1 was changed" in fault for fault in faults()] == [True]


def test_the_head_of_each_chain_leaves_the_database_in_the_log(
    databases: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    customer_id = changes(2)
    with caplog.at_level(logging.INFO, "domains.kernel.anchors"):
        sealing.seal(db, KEY)

    (told,) = caplog.records
    assert (told.chain, told.seq, told.hash) == (f"accounts:{customer_id}", 2, entries()[-1].hash)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.none() | st.dictionaries(words, plain, max_size=3), st.none() | st.dictionaries(words, plain, max_size=3))
def test_values_of_any_shape_are_recognised_again(databases: Settings, before: Any, after: Any) -> None:
    tamper(*(table.delete() for table in (entry, value, origin, waiting)))  # of the example before
    with db.begin() as session:
        audit.record(session, "a.b", customer_id=new_id(), subject=("x", new_id()), before=before, after=after)

    assert faults() == []


def test_the_command_line_says_what_it_found_and_ends_with_one(
    databases: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    customer_id = changes(3)
    sealing.seal(db, databases.audit_key)
    asked = Namespace(action="verify")
    assert (cli.audit(databases, asked), capsys.readouterr().out.startswith("audit trail: no fault")) == (0, True)

    tamper(entry.delete().where(entry.c.id == entries()[1].id))

    assert cli.audit(databases, asked) == 1
    assert f"accounts {customer_id}: entry 2 was deleted" in capsys.readouterr().out.splitlines()
