"""A laboratory for sagas: one database, and a few commands whose every effect is counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Mapped, Session, mapped_column

from domains.kernel.columns import Count, Id, Text
from domains.kernel.database import Database, new_id
from domains.kernel.errors import NotNow, Refused
from domains.kernel.messages import Exchange
from saga import worker
from saga.definition import Saga, pivot, step
from saga.transports import inline

db = Database("lab")


class Effect(db.Model):  # type: ignore[misc]
    """One effect that was committed."""

    __tablename__ = "effect"
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    thing: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(20))
    amount: Mapped[int] = mapped_column(Count)


@dataclass(frozen=True)
class Plan:
    """What the outside will do to each step: say no to `refuse`, break `breaks` times at `failing`."""

    thing: UUID
    customer_id: UUID
    reseller_id: UUID | None = None
    refuse: str = ""
    failing: str = ""
    breaks: int = 0


@dataclass(frozen=True)
class Booked:
    booked: int


made: list[str] = []  # whether a server's database for the laboratory was made
broken: dict[tuple[UUID, str], int] = {}
outside: dict[UUID, int] = {}  # what the outside has done, by our reference


def _work(session: Session, name: str, amount: int, thing: UUID, refuse: str, failing: str, breaks: int) -> None:
    session.add(Effect(id=new_id(), thing=thing, name=name, amount=amount))
    session.flush()
    if refuse == name:
        raise Refused("The laboratory says no.", code="lab_refused")
    if failing == name and broken.setdefault((thing, name), 0) < breaks:
        broken[thing, name] += 1
        raise NotNow("the laboratory is closed", retry_after=0.0)


def first(session: Session, *, thing: UUID, refuse: str, failing: str, breaks: int) -> None:
    _work(session, "first", 1, thing, refuse, failing, breaks)


def undo_first(session: Session, *, thing: UUID) -> None:
    session.add(Effect(id=new_id(), thing=thing, name="first", amount=-1))


def second(session: Session, *, thing: UUID, refuse: str, failing: str, breaks: int) -> Booked:
    _work(session, "second", 1, thing, refuse, failing, breaks)
    return Booked(booked=25)


def undo_second(session: Session, *, thing: UUID, booked: int | None = None) -> None:
    session.add(Effect(id=new_id(), thing=thing, name="second", amount=-1))


def _intend(session: Session, *, thing: UUID, refuse: str, failing: str, breaks: int) -> tuple[UUID, str, str, int]:
    return thing, refuse, failing, breaks


def _call(request: tuple[UUID, str, str, int], asked_before: bool) -> int:
    thing, refuse, failing, breaks = request
    if asked_before and thing in outside:
        return outside[thing]
    if refuse == "turn":
        raise Refused("The outside says no.", code="outside_refused")
    outside[thing] = outside.get(thing, 0) + 1
    if failing == "turn" and broken.setdefault((thing, "turn"), 0) < breaks:
        broken[thing, "turn"] += 1
        raise NotNow("no answer", retry_after=0.0)
    return outside[thing]


def _record(session: Session, answer: int, *, thing: UUID) -> None:
    session.add(Effect(id=new_id(), thing=thing, name="turn", amount=answer))


turn = Exchange("lab.turn", intend=_intend, call=_call, record=_record)


def last(session: Session, *, thing: UUID, booked: int, refuse: str, failing: str, breaks: int) -> None:
    _work(session, "last", booked, thing, "", failing, breaks)


for function in (first, undo_first, second, undo_second, last):
    function.__module__ = "domains.lab.commands"

lab = Saga(
    "lab",
    Plan,
    (
        step(first, compensation=undo_first, title="First"),
        step(second, compensation=undo_second, gives=("booked",), title="Second"),
        pivot(turn, title="The outside"),
        step(last, title="Last"),
    ),
)


def perform(envelope: dict[str, object]) -> dict[str, object] | None:
    """What a worker of the laboratory does with one command."""
    return worker.perform(db, envelope)


def reset() -> None:
    """Forget what the outside has done."""
    broken.clear()
    outside.clear()


@contextmanager
def replaced(exchange: Exchange) -> Iterator[None]:
    """Let another exchange stand in for `lab.turn` within the `with`."""
    before = lab.steps
    object.__setattr__(lab, "steps", tuple(replace(s, action=exchange) if s.action is turn else s for s in before))
    try:
        yield
    finally:
        object.__setattr__(lab, "steps", before)


def a_transport() -> inline.Transport:
    """An inline transport whose commands reach the laboratory. It publishes no events."""
    return inline.Transport(domains=(), database=lambda name: db)
