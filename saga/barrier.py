"""The barrier: a command's row in its domain's inbox, written in the transaction of its effect.

It makes a command that comes again be answered as before, a compensation without its step do nothing, and a step that
comes after its compensation do nothing either (after dtm's sub-transaction barrier).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import Database, insert_new, locked
from domains.kernel.errors import NotNow
from domains.kernel.sets import Write, insert_new_rows, write_all

from .turn import command_id


def _id_of(envelope: dict[str, Any], phase: str) -> UUID:
    return command_id(UUID(envelope["run_id"]), envelope["seq"], phase, _gen(envelope, phase))


def _gen(envelope: dict[str, Any], phase: str) -> int:
    """Only steps after the pivot are asked anew, and they are not taken back: a compensation's step is the first."""
    return 0 if (envelope["phase"], phase) == ("C", "F") else int(envelope["gen"])


def _row(
    session: Session, envelope: dict[str, Any], phase: str, outcome: str, now: datetime | None = None
) -> dict[str, Any]:
    return {
        "cmd_id": _id_of(envelope, phase), "run_id": UUID(envelope["run_id"]), "seq": envelope["seq"], "phase": phase,
        "gen": _gen(envelope, phase), "outcome": outcome, "fence": 1, "reply": None,
        "at": now or clock.now(session),
    }  # fmt: skip


def enter(session: Session, database: Database, envelope: dict[str, Any], outcome: str) -> bool:
    """Write the command's inbox row; False when it was there already."""
    return insert_new(session, database.inbox, _row(session, envelope, envelope["phase"], outcome), "cmd_id")


def enter_all(session: Session, database: Database, envelopes: list[dict[str, Any]]) -> set[UUID]:
    """Write the inbox rows of commands of different runs; gives the ids of those that were not there already."""
    now = clock.now(session)
    rows = [_row(session, envelope, envelope["phase"], "OK", now) for envelope in envelopes]
    return insert_new_rows(session, database.inbox, rows, "cmd_id")


def has_effect(session: Session, database: Database, envelope: dict[str, Any]) -> bool:
    """Whether the step a compensation belongs to has had an effect.

    When it has never come, a tombstone takes its place, so that it does nothing should it come later.
    """
    if insert_new(session, database.inbox, _row(session, envelope, "F", "CANCELLED"), "cmd_id"):
        return False
    outcome = stored(session, database, envelope, "F").outcome
    if outcome == "STARTED":
        raise NotNow("the exchange is still at work; its outcome comes first", retry_after=2.0)
    return bool(outcome == "OK")


def withdraw(database: Database, envelope: dict[str, Any]) -> dict[str, Any]:
    """Let a command do nothing should it still come, or its outcome count for nothing; HAPPENED when it was done."""
    with database.begin() as session:
        if not enter(session, database, envelope, "OK"):
            return said_before(session, database, envelope)
        if insert_new(session, database.inbox, _row(session, envelope, "F", "CANCELLED"), "cmd_id"):
            return keep(session, database, envelope, {"outcome": "NOOP"})
        inbox, row = database.inbox, stored(session, database, envelope, "F")
        if row.outcome == "OK":
            return keep(session, database, envelope, {**row.reply, "outcome": "HAPPENED"})
        if row.outcome == "STARTED":
            ended = {"outcome": "CANCELLED", "fence": row.fence + 1}
            session.execute(inbox.update().where(inbox.c.cmd_id == row.cmd_id).values(**ended))
        return keep(session, database, envelope, {"outcome": "OK"})


def stored(session: Session, database: Database, envelope: dict[str, Any], phase: str) -> Any:
    """The inbox row of a command (or, with the other `phase`, of its counterpart), locked."""
    inbox = database.inbox
    return session.execute(locked(inbox.select().where(inbox.c.cmd_id == _id_of(envelope, phase)), inbox)).one()


def said_before(session: Session, database: Database, envelope: dict[str, Any]) -> dict[str, Any]:
    """The reply that a command was given when it came before."""
    row = stored(session, database, envelope, envelope["phase"])
    return {"outcome": row.outcome, **(row.reply or {})}


def keep(session: Session, database: Database, envelope: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Keep the reply in the inbox row, so that the same command is answered the same for ever."""
    inbox = database.inbox
    kept = {name: value for name, value in _kept(envelope, said).items() if name != "cmd_id"}
    session.execute(inbox.update().where(inbox.c.cmd_id == UUID(envelope["cmd_id"])).values(**kept))
    return said


def keep_all(session: Session, database: Database, answers: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Keep the replies to several commands."""
    write_all(session, [Write(database.inbox, [_kept(envelope, said) for envelope, said in answers], ("cmd_id",))])


def leave(session: Session, database: Database, envelopes: list[dict[str, Any]]) -> None:
    """Take back that commands have been here which had no effect for now: they are done when they come again."""
    inbox = database.inbox
    if envelopes:
        session.execute(inbox.delete().where(inbox.c.cmd_id.in_([UUID(one["cmd_id"]) for one in envelopes])))


def _kept(envelope: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    reply = {key: said[key] for key in ("reply", "error") if key in said}
    return {"cmd_id": UUID(envelope["cmd_id"]), "outcome": said["outcome"], "reply": reply}
