"""The heads of the trail's chains lie outside the database: whoever takes them away, or spoils them, is found out."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

import cli
from domains.accounts import db
from domains.kernel import anchors, audit, sealing
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from tests.conftest import Clock

KEY = "a key that only the sealer has"


def a_change(customer_id: UUID) -> UUID:
    with db.begin() as session:
        audit.record(session, "accounts.rename", customer_id=customer_id, subject=("account", new_id()), after={"a": 1})
    return customer_id


def faults() -> list[str]:
    return list(sealing.verify(db, KEY))


def file() -> Path:
    (found,) = anchors.folder().glob("accounts-*.jsonl")
    return found


def test_anchors_that_are_all_gone_are_missed(databases: Settings) -> None:
    customer_id = a_change(new_id())
    sealing.seal(db, KEY)
    assert faults() == []

    file().unlink()

    assert faults() == [f"accounts {customer_id}: no anchor outside the database knows this chain"]


@pytest.mark.asvs("16.4.2")
def test_a_chain_that_was_cut_off_and_went_on_is_found_by_its_first_anchors(databases: Settings) -> None:
    customer_id = new_id()
    for _ in range(3):
        a_change(customer_id)
        sealing.seal(db, KEY)
    cut_off(customer_id, 1)
    for _ in range(2):
        a_change(customer_id)
        sealing.seal(db, KEY)

    told = "is another one than its anchor outside the database knows"
    assert faults() == [f"accounts {customer_id}: entry {seq} {told}" for seq in (2, 3)]


def cut_off(customer_id: UUID, last: int) -> None:
    """Leave nothing of a chain behind one of its entries, as an owner of the tables could."""
    entry, seals, head = db.audit_entry, db.audit_seal, db.audit_head
    with db.begin() as session:
        ids = [row.entry_id for row in session.execute(seals.select().where(seals.c.seq > last))]
        for table, column in ((seals, seals.c.entry_id), (entry, entry.c.id)):
            session.execute(table.delete().where(column.in_(ids)))
        for table in (db.audit_value, db.audit_origin):
            session.execute(table.delete().where(table.c.entry_id.in_(ids)))
        kept = session.execute(seals.select().where(seals.c.seq == last)).one()
        session.execute(head.update().where(head.c.customer_id == customer_id).values(seq=last, hash=kept.hash))


def test_the_newest_anchors_are_missed_when_they_alone_are_gone(databases: Settings, clock: Clock) -> None:
    customer_id = a_change(new_id())
    sealing.seal(db, KEY)
    earlier = file().read_text(encoding="utf-8")
    a_change(customer_id)
    sealing.seal(db, KEY)
    file().write_text(earlier, encoding="utf-8")
    assert faults() == []  # it may be on its way

    clock.advance(hours=2)

    assert faults() == [
        f"accounts {customer_id}: no anchor outside the database knows entry 2, the newest; they know 1"
    ]
    assert sealing.anchor(db) == 1
    assert faults() == []


def test_half_a_line_of_an_anchor_does_not_stop_the_verification(databases: Settings) -> None:
    """A disk that was full, or a process that was killed: the line after it is whole again."""
    customer_id = a_change(new_id())
    sealing.seal(db, KEY)
    with open(file(), "a", encoding="utf-8") as out:
        out.write('{"chain": "accounts:')
    a_change(customer_id)
    sealing.seal(db, KEY)

    assert faults() == [f"accounts: nobody can read the anchor in {file().name}, line 2"]
    assert set(anchors.known("accounts").chains[f"accounts:{customer_id}"]) == {1, 2}


@pytest.mark.parametrize("line", ["[]", '"x"', '{"chain": "accounts:x", "seq": 1, "hash": ""}', '{"seq": 1}', "\ufffd"])
def test_a_line_that_is_no_anchor_is_told(databases: Settings, line: str) -> None:
    a_change(new_id())
    sealing.seal(db, KEY)
    file().write_text(file().read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    assert faults() == [f"accounts: nobody can read the anchor in {file().name}, line 2"]


def test_heads_without_an_anchor_get_one_when_somebody_says_so(
    databases: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    a_change(new_id())
    sealing.seal(db, KEY)
    file().unlink()

    told = []
    for _ in range(2):
        assert cli.audit(databases, Namespace(action="anchor")) == 0
        told.append(capsys.readouterr().out)

    assert faults() == []
    assert [text.split()[2] for text in told] == ["1", "0"]


def test_values_and_names_that_belong_to_no_entry_are_found(databases: Settings) -> None:
    forged = new_id()
    with db.begin() as session:
        session.execute(db.audit_value.insert().values(entry_id=forged, salt="x", before=None, after={"forged": 1}))
        told = {"actor_name": "x", "place": "", "program": ""}
        session.execute(db.audit_origin.insert().values(entry_id=forged, salt="x", **told))

    assert faults() == [
        f"accounts: there are values for an entry {forged}, which is not there",
        f"accounts: there are name and place for an entry {forged}, which is not there",
    ]


def test_an_entry_that_waits_too_long_for_its_seal_is_told(databases: Settings) -> None:
    a_change(new_id())
    assert faults() == []
    with db.begin() as session:
        session.execute(db.audit_entry.update().values(at=datetime(2026, 1, 1, tzinfo=UTC)))

    (fault,) = faults()
    assert fault.endswith("waits for its seal since 2026-01-01T00:00:00+00:00")


def test_a_sealed_entry_that_is_put_back_does_not_hold_up_the_others(databases: Settings) -> None:
    customer_id = a_change(new_id())
    sealing.seal(db, KEY)
    with db.begin() as session:
        session.execute(db.audit_waiting.insert().from_select(["entry_id"], db.audit_entry.select().with_only_columns(
            db.audit_entry.c.id)))  # fmt: skip
    assert sealing.seal(db, KEY) == 0

    a_change(customer_id)

    assert sealing.seal(db, KEY) == 1
    assert faults() == []
