"""Rows written many at a time are the rows that were given, on every database."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from domains.accounts import db
from domains.kernel import clock
from domains.kernel.config import Settings
from domains.kernel.database import new_id
from domains.kernel.sets import RowIsGone, Write, insert_new_rows, write_all

outbox, inbox = db.outbox, db.inbox
STRANGE = [{}, {"a": None, "nul": "\0", "half": "\ud83d", "deep": [1, {"é": "“"}]}, ["x", 1.5, True]]


def events(session: Session, count: int) -> list[dict[str, Any]]:
    now = clock.now(session)
    return [
        {"event_id": new_id(), "type": "t'; DROP", "aggregate_id": new_id(), "version": number, "at": now,
         "body": STRANGE[number % 3], "traceparent": None}
        for number in range(count)
    ]  # fmt: skip


def a_command(session: Session, cmd_id: UUID, outcome: str = "OK") -> dict[str, Any]:
    return {
        "cmd_id": cmd_id, "run_id": new_id(), "seq": 0, "phase": "F", "gen": 0, "outcome": outcome, "fence": 1,
        "reply": None, "at": clock.now(session),
    }  # fmt: skip


def kept(table: Any, order: Any) -> list[Any]:
    with db.begin_read() as session:
        return list(session.execute(table.select().order_by(order)))


def test_rows_are_inserted_as_they_are_and_numbered_in_their_order(databases: Settings) -> None:
    with db.begin() as session:
        rows = events(session, 40)
        write_all(session, [Write(outbox, rows)])

    found = kept(outbox, outbox.c.position)
    names = ("event_id", "type", "aggregate_id", "version", "at", "body", "traceparent")
    assert [{name: getattr(row, name) for name in names} for row in found] == rows


def test_rows_are_inserted_and_changed_at_once_each_to_its_own_values(databases: Settings) -> None:
    with db.begin() as session:
        rows, cmd_id = events(session, 3), new_id()
        write_all(session, [Write(outbox, rows)])
        changed = [
            {"event_id": row["event_id"], "body": {"n": row["version"]}, "published_at": row["at"]} for row in rows
        ]
        write_all(session, [Write(outbox, changed, ("event_id",)), Write(inbox, [a_command(session, cmd_id)])])

    assert [row.body for row in kept(outbox, outbox.c.position)] == [{"n": number} for number in range(3)]
    assert all(row.published_at == row.at for row in kept(outbox, outbox.c.position))
    assert [row.cmd_id for row in kept(inbox, inbox.c.cmd_id)] == [cmd_id]


def test_a_row_that_is_gone_is_told_and_nothing_is_changed(databases: Settings) -> None:
    with db.begin() as session:
        rows = events(session, 2)
        write_all(session, [Write(outbox, rows)])

    gone = [{"event_id": new_id(), "version": 7}, {"event_id": rows[0]["event_id"], "version": 7}]
    with pytest.raises(RowIsGone, match="1 of 2 rows of outbox"), db.begin() as session:
        write_all(session, [Write(outbox, gone, ("event_id",))])

    assert [row.version for row in kept(outbox, outbox.c.position)] == [0, 1]


def test_what_is_too_long_is_refused_and_not_cut(databases: Settings) -> None:
    if os.environ.get("CLOUDSALES_DATABASE_URL", databases.database_url) == "":
        return  # SQLite takes texts of any length
    with pytest.raises(DBAPIError), db.begin() as session:
        write_all(session, [Write(outbox, [events(session, 1)[0] | {"type": "t" * 81}])])


def test_those_that_are_there_already_are_left_as_they_are(databases: Settings) -> None:
    old, new = new_id(), new_id()
    with db.begin() as session:
        first = insert_new_rows(session, inbox, [a_command(session, old)], "cmd_id")
        rows = [a_command(session, new, "REJECTED"), a_command(session, old, "REJECTED")]
        second = insert_new_rows(session, inbox, rows, "cmd_id")

    assert (first, second) == ({old}, {new})
    assert [row.outcome for row in kept(inbox, inbox.c.cmd_id)] == ["OK", "REJECTED"]


def test_nothing_to_write_asks_nothing(databases: Settings) -> None:
    with db.begin() as session:
        write_all(session, [])
        write_all(session, [Write(outbox, []), Write(inbox, [], ("cmd_id",))])

    assert kept(outbox, outbox.c.position) == []
