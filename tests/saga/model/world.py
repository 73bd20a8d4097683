"""The world of the model: one database whose every effect is counted, and an outside that can be rude.

Each step of a random saga stands for one action here: `act`, `look`, `ask` or `peek` with the step's number. What an
action does to whom is told by its moods, which the model sets; where a process dies is told by `deaths`.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, make_dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, Session, mapped_column

from domains.kernel import failpoint
from domains.kernel.columns import Count, Id, Text
from domains.kernel.database import Database
from domains.kernel.errors import Conflict, Locked, NotNow, Pending, Refused
from domains.kernel.messages import Exchange, context

MOST = 8  # steps of a saga
STOCK = 3  # of each resource
db = Database("model")


class Effect(db.Model):  # type: ignore[misc]
    """One effect that was committed. `number` grows."""

    __tablename__ = "effect"
    number: Mapped[int] = mapped_column(Count, primary_key=True)
    run_id: Mapped[UUID] = mapped_column(Id)
    seq: Mapped[int] = mapped_column(Count)
    phase: Mapped[str] = mapped_column(Text(1))
    told: Mapped[int | None] = mapped_column(Count)  # what a compensation was told that its step gave


class Resource(db.Model):  # type: ignore[misc]
    """Something that one run at a time may hold, and that runs out."""

    __tablename__ = "resource"
    name: Mapped[str] = mapped_column(Text(20), primary_key=True)
    holder: Mapped[UUID | None] = mapped_column(Id)
    left: Mapped[int] = mapped_column(Count)


@dataclass(frozen=True)
class Wish:
    """What a run is about: which resource, which of its steps takes hold of it and which lets it go."""

    customer_id: UUID
    resource: str = ""
    hold: int = -1
    free: int = -1
    reseller_id: UUID | None = None


class Died(BaseException):
    """The process is gone, here. No Exception, so that nothing on the way takes it for trouble."""


class World:
    """What is not in the databases: moods, deaths, the outside, and workers that hang in a call."""

    def __init__(self) -> None:
        self.moods: dict[tuple[UUID, int, str], list[str]] = {}  # by run, step and phase: one mood a try, then none
        self.outside: dict[tuple[UUID, int], str] = {}  # the outside's answers, by our reference
        self.death = ""  # the end of the fail point's name where the process at work dies
        self.hangs: list[Hanging] = []
        self.effects = 0
        self.broken = False  # an invariant does not hold: the rest does not matter
        self.purged: set[UUID] = set()  # runs whose inbox rows may be gone

    def mood(self, seq: int, phase: str) -> str:
        """How the next try of a step goes."""
        left = self.moods.get((_run(), seq, phase), [])
        return left.pop(0) if left else ""

    def reach(self, name: str) -> None:
        """Stands in for `failpoint.reach`."""
        if self.death and name.endswith(self.death):
            self.death = ""
            raise Died(name)


class Hanging:
    """A worker that hangs in its call to the outside, until it goes on as a zombie."""

    def __init__(self) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()
        self.hung = self.dead = False
        self.reply: Any = None

    def work(self, perform: Any, envelope: Any) -> bool:
        """Perform a command in a thread of its own; False when it did not hang."""
        self.envelope = envelope

        def run() -> None:
            try:
                self.reply = perform(envelope)
            except Died:
                self.dead = True
            finally:
                self.inside.set()

        self.thread = threading.Thread(target=copy_context().run, args=(run,))
        _current.worker = self
        self.thread.start()
        self.inside.wait()
        _current.worker = None
        if not self.hung:
            self.thread.join()
        return self.hung

    def hang(self) -> None:
        """Called by the outside: wait here until the model lets it go on."""
        self.hung = True
        self.inside.set()
        self.go_on.wait()
        if self.dead:
            raise Died("killed while it hung")

    def wake(self, *, kill: bool = False) -> None:
        """Let it go on, or end it there, and wait for its end."""
        self.dead = kill
        self.go_on.set()
        self.thread.join()


class _Current:
    worker: Hanging | None = None


_current = _Current()
world = World()


@contextmanager
def a_new_world() -> Iterator[World]:
    """An untouched world within the `with`, where fail points are those of the model."""
    world.__init__()  # type: ignore[misc]  # the actions hold on to this one
    before, failpoint.reach = failpoint.reach, world.reach
    try:
        yield world
    finally:
        failpoint.reach = before


def _run() -> UUID:
    run_id = context().run_id
    assert run_id is not None
    return run_id


def _effect(session: Session, seq: int, phase: str, told: int | None = None) -> None:
    world.effects += 1
    session.add(Effect(number=world.effects, run_id=_run(), seq=seq, phase=phase, told=told))
    session.flush()


def _take(session: Session, name: str) -> None:
    found = session.get_one(Resource, name)
    if found.holder not in (None, _run()):
        raise Locked(Conflict("Somebody holds it.", code="held"))
    if found.left == 0:
        raise Refused("There is none left.", code="none_left")
    found.holder, found.left = _run(), found.left - 1
    session.flush()


def _let_go(session: Session, name: str, *, back: int) -> None:
    found = session.get_one(Resource, name)
    found.holder, found.left = (None if found.holder == _run() else found.holder), found.left + back
    session.flush()


def _suffer(mood: str, name: str) -> None:
    """Go as the mood has it, after everything was done: what a no or a failure leaves behind would be seen."""
    if mood == "refuse":
        raise Refused("The model says no.", code="model_refused")
    if mood == "fail":
        raise NotNow("out of order", retry_after=0.5)
    if mood == "break":
        raise ValueError("a programming error")
    if mood == "slow":
        raise Pending("provider", retry_after=1.0)
    if mood == "die":
        raise Died(name)


def gives(seq: int) -> int:
    """What the step with this number gives."""
    return 100 + seq


def _make(seq: int) -> dict[str, Any]:
    """The actions that the step with this number may be."""
    given = make_dataclass(f"Given{seq}", [(f"got{seq}", int)], frozen=True)

    def act(session: Session, *, resource: str, hold: int, free: int):  # type: ignore[no-untyped-def]
        world.reach(f"{seq}.entered")
        if hold == seq:
            _take(session, resource)
        _effect(session, seq, "F")
        if free == seq:
            _let_go(session, resource, back=0)
        _suffer(world.mood(seq, "F"), f"act{seq}")
        return given(gives(seq))

    def undo(session: Session, *, resource: str, hold: int, **told: int | None) -> None:
        world.reach(f"{seq}.entered")
        if hold == seq:
            _let_go(session, resource, back=1)
        _effect(session, seq, "C", told.get(f"got{seq}"))
        _suffer(world.mood(seq, "C"), f"undo{seq}")

    def look(session: Session):  # type: ignore[no-untyped-def]
        _suffer(world.mood(seq, "F"), f"look{seq}")
        return given(gives(seq))

    for function in (act, look):
        function.__annotations__["return"] = given
    _told(undo, f"got{seq}")
    for function, name in ((act, "act"), (undo, "undo"), (look, "look")):
        function.__module__, function.__name__ = "domains.model.commands", f"{name}{seq}"
    return {"act": act, "undo": undo, "look": look, **_exchanges(seq, given)}


def _exchanges(seq: int, given: Any) -> dict[str, Exchange]:
    """The exchanges that the step with this number may be: one has an effect, one only looks."""

    def intend(session: Session, *, hold: int) -> UUID:
        return _run()

    def record(session: Session, answer: str, *, hold: int):  # type: ignore[no-untyped-def]
        _effect(session, seq, "F")
        return given(gives(seq))

    def keep(session: Session, answer: str):  # type: ignore[no-untyped-def]
        return given(gives(seq))

    for function in (record, keep):
        function.__annotations__["return"] = given
    ask = Exchange(f"model.ask{seq}", intend=intend, call=_called(seq), record=record)
    peek = Exchange(f"model.peek{seq}", intend=intend, call=_called(seq), record=keep)
    return {"ask": ask, "peek": peek}


def _told(undo: Any, name: str) -> None:
    """Let a compensation declare that it can be told what its step gave."""
    known = inspect.signature(undo)
    own = [parameter for parameter in known.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    more = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation="int | None")
    undo.__signature__ = known.replace(parameters=[*own, more])
    undo.__annotations__ |= {name: int | None}
    undo.__annotations__.pop("told")


def _called(seq: int) -> Any:
    """The outside, which knows our reference again and never changes its answer."""

    def call(run_id: UUID, asked_before: bool) -> str:
        mood = world.mood(seq, "F")
        if mood == "hang before" and _current.worker:
            _current.worker.hang()
        if mood in ("fail", "slow", "die", "break"):
            _suffer(mood, f"ask{seq}")
        answer = world.outside.setdefault((run_id, seq), "no" if mood == "refuse" else "yes")
        if mood == "hang after" and _current.worker:
            _current.worker.hang()
        if mood == "deaf":
            raise NotNow("it did something and did not say so", retry_after=0.5)
        if answer == "no":
            raise Refused("The outside says no.", code="outside_refused")
        return answer

    return call


ACTIONS = [_make(seq) for seq in range(MOST)]
