"""What operators see of all runs: found by their state, age and names, counted, and told attempt by attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.paging import Page, checked_limit, decode_cursor, encode_cursor
from domains.kernel.tenancy import Scope

from . import store
from .events import FINAL
from .tables import Run, run, run_event

PAUSED = "paused"
OPEN = ("needs_attention", PAUSED, "compensating", "running")
STATUSES = (*OPEN, *FINAL)
OVERDUE = timedelta(seconds=60)  # after its time: then nobody seems to wake it
_POSITION = 8  # bytes of a cursor into a timeline


def status_of(run: Run) -> str:
    """The one word for a run as operators see it; `paused` while somebody holds it, whatever it was doing."""
    return PAUSED if run.paused and not run.is_final else run.status


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which runs to show; what is left out does not matter. `about` is a run's own id, its resource or its customer.

    Ages are kept as such, not as moments: a list that is read page by page is the same list a second later.
    """

    statuses: tuple[str, ...] = ()
    definition: str | None = None
    customer_ids: tuple[UUID, ...] | None = None
    resource_id: UUID | None = None
    about: UUID | None = None
    key: str | None = None  # the beginning of a business key
    created_after: datetime | None = None
    created_before: datetime | None = None
    due_before: datetime | None = None
    older_than: timedelta | None = None
    overdue_by: timedelta | None = None

    def conditions(self, now: datetime) -> Iterator[ColumnElement[bool]]:
        """What a run must be like."""
        yield from self._states()
        c = run.c
        asked: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
            (self.definition, lambda name: c.definition == name),
            (self.customer_ids, c.customer_id.in_),
            (self.resource_id, lambda resource_id: c.resource_id == resource_id),
            (self.about, lambda id: or_(c.id == id, c.resource_id == id, c.customer_id == id)),
            (self.key, lambda start: c.business_key.startswith(start, autoescape=True)),
            (self.created_after, lambda moment: c.created_at >= moment),
            (self.created_before, lambda moment: c.created_at < moment),
            (self.due_before, lambda moment: and_(c.next_at < moment, c.paused == 0)),
            (self.older_than, lambda age: c.created_at <= now - age),
            (self.overdue_by, lambda time: and_(c.next_at < now - time, c.paused == 0)),
        ]
        yield from (condition(value) for value, condition in asked if value is not None)

    def _states(self) -> Iterator[ColumnElement[bool]]:
        if self.statuses:
            yield or_(*map(_is, self.statuses))
        if self.statuses and set(self.statuses) <= set(OPEN):
            yield run.c.ended_at.is_(None)  # said once more, so that the index of unfinished runs is used


def _is(status: str) -> ColumnElement[bool]:
    if status == PAUSED:
        return and_(run.c.paused == 1, run.c.ended_at.is_(None))
    return run.c.status == status if status in FINAL else and_(run.c.status == status, run.c.paused == 0)


def list_runs(
    session: Session, scope: Scope, wanted: Wanted, *, cursor: str | None = None, limit: int = 50
) -> Page[Run]:
    """The runs in scope that are as wanted, newest first, those of the house among them."""
    filters = {name: str(value) for name, value in vars(wanted).items()}
    query: Select[Any] = run.select().where(scope.covers(run.c), *wanted.conditions(clock.now(session)))
    if cursor:
        query = query.where(run.c.id < UUID(bytes=decode_cursor(cursor, filters)))
    rows = session.execute(query.order_by(run.c.id.desc()).limit(checked_limit(limit) + 1)).all()
    items = [Run(**row._mapping) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].id.bytes, filters) if len(rows) > limit else None)


@dataclass(frozen=True)
class Counts:
    """How many runs there are by status: unfinished ones, and those that ended within a day."""

    by_status: dict[str, int]
    overdue: int
    oldest: datetime | None  # when the oldest unfinished one was started

    @property
    def open(self) -> int:
        return sum(self.by_status.get(status, 0) for status in OPEN)

    @property
    def ended(self) -> int:
        return sum(self.by_status.get(status, 0) for status in FINAL)


def count_runs(session: Session, scope: Scope) -> Counts:
    """Count the runs in scope. `overdue` are those whose time is over and that nobody has woken."""
    now, within = clock.now(session), scope.covers(run.c)
    unfinished = select(run.c.status, run.c.paused, func.count(), func.min(run.c.created_at)).where(
        run.c.ended_at.is_(None), within
    )
    found = [tuple(row) for row in session.execute(unfinished.group_by(run.c.status, run.c.paused))]
    ended = select(run.c.status, func.count()).where(run.c.ended_at >= now - timedelta(days=1), within)
    counts = dict.fromkeys(STATUSES, 0)
    counts |= {row[0]: row[1] for row in session.execute(ended.group_by(run.c.status))}
    for status, paused, number, _since in found:
        counts[PAUSED if paused else status] += number
    late = select(func.count()).select_from(run).where(run.c.next_at < now - OVERDUE, run.c.paused == 0, within)
    return Counts(counts, session.scalar(late) or 0, min((since for *_, since in found), default=None))


# ---- one run


@dataclass(frozen=True)
class Told:
    """A step's command with all that is known of it: as it was first sent, or sent once more by an operator (`gen`)."""

    seq: int
    phase: str
    gen: int
    name: str
    kind: str
    queue: str
    status: str
    attempt: int
    send_no: int
    cmd_id: UUID
    sent_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    error: dict[str, Any] | None
    provider_ids: list[tuple[str, str]]


def commands_of(session: Session, run_id: UUID) -> list[Told]:
    """Every command of a run in the order of its steps, what takes a step back behind it."""
    rows = store.steps_of(session, [run_id])[run_id]
    names = [field.name for field in fields(Told) if field.name != "provider_ids"]
    rows = sorted(rows, key=lambda row: (row["seq"], "FWC".index(row["phase"]), row["gen"]))
    return [
        Told(**{name: row[name] for name in names}, provider_ids=provider_ids_of(row["body"], row["reply"]))
        for row in rows
    ]


def provider_ids_of(body: dict[str, Any] | None, reply: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The ids under which the provider knows a command: `request_id` is ours, sent along; the others are its own."""
    ours = [("request_id", str(body["provider_operation_id"]))] if body and "provider_operation_id" in body else []
    return ours + list(dict.fromkeys(_provider_ids(reply or {})))


def _provider_ids(value: Any) -> Iterator[tuple[str, str]]:
    for inner in value if isinstance(value, list) else ():
        yield from _provider_ids(inner)
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name.startswith("provider_") and name.endswith("_id") and inner:
            yield name.removeprefix("provider_"), str(inner)
        elif name.startswith("ccp_") and isinstance(inner, dict) and inner.get("id"):
            yield f"{name.removeprefix('ccp_')}_id", str(inner["id"])
        else:
            yield from _provider_ids(inner)


@dataclass(frozen=True)
class Happened:
    """Something that was noted about a run. Nothing of it is ever changed or erased."""

    id: int
    run_id: UUID
    rev: int
    at: datetime
    kind: str
    seq: int | None
    actor: str
    data: dict[str, Any]


def list_events(session: Session, run_id: UUID, *, cursor: str | None = None, limit: int = 50) -> Page[Happened]:
    """What has happened to a run, the latest first. The caller has made sure that the run may be seen."""
    filters, table = {"run_id": str(run_id)}, run_event
    query = table.select().where(table.c.run_id == run_id)
    if cursor:
        position = decode_cursor(cursor, filters, check=lambda raw: len(raw) == _POSITION)
        query = query.where(table.c.id < int.from_bytes(position))
    rows = session.execute(query.order_by(table.c.id.desc()).limit(checked_limit(limit) + 1)).all()
    items = [Happened(**row._mapping) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, encode_cursor(items[-1].id.to_bytes(_POSITION), filters) if more else None)
