"""Stamps: one small row that changes with a list, in the same commit, so that a kept copy is known to be good or not.

A table says what it belongs to by `info={"stamped": topic}`. Whatever is written to it stamps its customer and its
reseller, or everybody where a statement does not say whose rows it writes. Writers need not think of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Table, event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session

from .crypto import canonical, digest
from .tenancy import Scope

OWNERS = ("customer_id", "reseller_id")


def seen(session: Session, scope: Scope, topics: Iterable[str]) -> str:
    """What some topics are at for whoever has this scope. Ask before the list itself: a list is then never older."""
    table: Table = session.info["database"].stamp
    names = [name for topic in topics for name in (topic, f"{topic}:{scope.customer_id}")]
    rows = session.execute(select(table).where(table.c.topic.in_(names)).order_by(table.c.topic))
    return digest(canonical([list(row) for row in rows]))


def noted(session: Session) -> list[str]:
    """The topics that a session has written to, always in the same order, so that two never wait for each other."""
    session.flush()
    return sorted(session.info.pop("stamped", ()))


def _note(session: Session, topic: str, owners: Iterable[UUID | None]) -> None:
    names = {f"{topic}:{owner}" for owner in owners if owner is not None}
    session.info.setdefault("stamped", set()).update(names or {topic})


def _note_rows(session: Session, *_: Any) -> None:
    written: list[Any] = [*session.new, *session.dirty, *session.deleted]
    for row in written:
        topic = row.__table__.info.get("stamped")
        if topic and (row not in session.dirty or session.is_modified(row)):
            _note(session, topic, _owners_of(row))


def _owners_of(row: Any) -> Iterable[UUID | None]:
    """Whose row it is, and whose it was."""
    for name in OWNERS:
        if hasattr(row, name):
            yield getattr(row, name)
            yield from inspect(row).attrs[name].history.deleted


def _note_statement(state: ORMExecuteState) -> None:
    """A statement that writes many rows: theirs when each says whose it is, else everybody's."""
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    topic = state.statement.table.info.get("stamped")  # type: ignore[attr-defined]
    if topic is None:
        return
    given: Any = state.parameters
    rows = given if state.is_insert and isinstance(given, list) else [{}]
    for row in rows:
        _note(state.session, topic, [row.get(name) for name in OWNERS])


event.listen(Session, "before_flush", _note_rows)
event.listen(Session, "do_orm_execute", _note_statement)
