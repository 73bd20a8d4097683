"""Runs of the laboratory, worked off by hand, and the commits that they cost."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import event, select

from domains.kernel.tenancy import Scope
from saga import coordinator, store, tables, transports
from saga.definition import Saga, pivot, step
from saga.tables import Run
from saga.transports import inline

from . import lab

EVERYBODY = Scope.system("a test")
plain = Saga("lab-plain", lab.Plan, (
    step(lab.first, compensation=lab.undo_first, title="First"),
    step(lab.second, compensation=lab.undo_second, gives=("booked",), title="Second"),
    pivot(lab.last, title="Last"),
))  # fmt: skip


def a_run(saga: Saga = lab.lab, *, key: str = "", digest: str = "", **plan: Any) -> Run:
    """A run of the laboratory that was only started."""
    made = lab.Plan(**({"thing": uuid4(), "customer_id": uuid4()} | plan))
    about = ("thing", made.thing)
    return store.start(saga, made, key=key or str(made.thing), request_digest=digest, label="a thing", resource=about)


def now_of(run: Run) -> Run:
    """A run as it stands now."""
    with tables.db.begin_read() as session:
        return store.get(session, EVERYBODY, run.id)


def effects_of(run: Run) -> list[tuple[str, int]]:
    """What has happened in the laboratory, oldest first."""
    with lab.db.begin_read() as session:
        query = select(lab.Effect.name, lab.Effect.amount).where(lab.Effect.thing == run.resource_id)
        return [(row.name, row.amount) for row in session.execute(query.order_by(lab.Effect.id))]


def notes_of(run: Run) -> list[tuple[str, int | None]]:
    """What was noted about a run, oldest first."""
    with tables.db.begin_read() as session:
        table = tables.run_event
        query = select(table.c.kind, table.c.seq).where(table.c.run_id == run.id).order_by(table.c.id)
        return [(row.kind, row.seq) for row in session.execute(query)]


def transport() -> inline.Transport:
    """The transport of the test."""
    found = transports.current()
    assert isinstance(found, inline.Transport)
    return found


def turn() -> None:
    """One step: perform the commands that wait, then record their replies. No timer fires."""
    while transport().commands:
        transport().perform_next()
    _, replies = transport().receive_replies(64, 0)
    if replies:
        coordinator.handle(replies)


def to_the_end() -> None:
    """Turn until there is nothing more to do."""
    while transport().commands or transport().replies:
        turn()


@contextmanager
def commits() -> Iterator[list[str]]:
    """The databases that were committed to within the `with`, once for each commit of a writer."""
    seen: list[str] = []

    def count(name: str) -> Callable[[Any], None]:
        def committed(connection: Any) -> None:
            if not connection.get_execution_options().get("cloudsales_read"):
                seen.append(name)

        return committed

    listeners = [(database.engine, count(database.name)) for database in (tables.db, lab.db)]
    for engine, listener in listeners:
        event.listen(engine, "commit", listener)
    yield seen
    for engine, listener in listeners:
        event.remove(engine, "commit", listener)


def at_the_same_time(*works: Callable[[], Any]) -> list[Any]:
    """Do things in a thread each, beginning together, with this test's clock; gives what they returned."""
    barrier, found = Barrier(len(works)), list[Any]([None] * len(works))

    def one(number: int) -> None:
        barrier.wait()
        try:
            found[number] = works[number]()
        except Exception as error:
            found[number] = error

    threads = [Thread(target=contextvars.copy_context().run, args=(one, number)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def run_ids(runs: Any) -> list[UUID]:
    """The ids of some runs."""
    return [run.id for run in runs]
