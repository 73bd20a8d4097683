"""What the rules of the model work on: databases, a broker, a clock, random sagas and their runs."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import event

from domains.kernel import clock
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import Actor, Scope
from saga import coordinator, decide, interventions, store, tables, transports, worker
from saga.tables import Run

from . import shapes, world
from .broker import Broker
from .history import History, i20_the_same_again
from .invariants import ALWAYS, AT_REST
from .seen import Seen

RESOURCES = ("red", "green", "blue")
EVERYBODY = Scope.system("the model")
ANN, BOB = Actor("user", "ann", "Ann"), Actor("user", "bob", "Bob")


@cache
def folder() -> str:
    """The model's databases, made once, in memory where the machine can."""
    memory = Path("/dev/shm")
    found = tempfile.mkdtemp(prefix="cloudsales-model-", dir=memory if memory.is_dir() else None)
    atexit.register(shutil.rmtree, found, ignore_errors=True)
    bind(Settings(var=found))
    for database in (tables.db, world.db):
        database.metadata.create_all(database.engine)
    return found


class Setting(RuleBasedStateMachine):
    """Everything but the rules."""

    everybody = EVERYBODY

    def open(self, made: list[shapes.Shape]) -> None:
        self.stack, self.history, self.runs = ExitStack(), History(), list[Run]()
        self.seen: Seen | None = None
        self.written = True
        bind(Settings(var=folder()))
        for database in (tables.db, world.db):
            event.listen(database.engine, "commit", self.note_commit)
        self.empty_the_databases()
        self.world = self.stack.enter_context(world.a_new_world())
        self.broker = Broker()
        self.stack.enter_context(transports.using(self.broker))
        ids = count(1)
        for patched in (
            # gives up soon, so that late messages are common
            patch.multiple(decide, ATTEMPTS=2, SILENCE=timedelta(seconds=20)),
            patch.object(store, "new_id", lambda: UUID(int=next(ids))),
        ):
            self.stack.enter_context(patched)
        self.stack.enter_context(i20_the_same_again())
        self.now, self.held = datetime(2026, 3, 10, tzinfo=UTC), self.stack.enter_context(ExitStack())
        self.move_on(0)
        self.shapes = {f"model-{number}": [shape] for number, shape in enumerate(made)}
        self.sagas = [shapes.declared(name, 1, shape) for name, (shape,) in self.shapes.items()]
        self.stack.callback(shapes.forget, self.sagas)

    def note_commit(self, connection: Any) -> None:
        self.written |= not connection.get_execution_options().get("cloudsales_read")

    def empty_the_databases(self) -> None:
        for database in (tables.db, world.db):
            with database.begin() as session:
                for table in reversed(database.metadata.sorted_tables):
                    session.execute(table.delete())
        with world.db.begin() as session:
            session.add_all(world.Resource(name=name, left=world.STOCK) for name in RESOURCES)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            with self.stack:
                self.stop_the_zombies()
                if not self.world.broken:
                    self.heal()

    # ---- doing things

    def intervene(self, run: Any, op: str, who: Actor = ANN, reason: str = "because", **more: Any) -> Run:
        outputs = {f"got{seq}": world.gives(seq) for seq in range(world.MOST)}
        about = {"reason": reason, "outputs": outputs if op == "skip" else None} | more
        return interventions.intervene(EVERYBODY, run.id, op, actor=who, **about)

    @staticmethod
    def perform(command: Any) -> Any:
        return worker.perform(world.db, command)

    def answer(self, reply: Any) -> None:
        """Send a worker's reply, if it has one."""
        if reply is not None:
            self.history.i18_said_again(reply)
            self.broker.replies.append(json.loads(json.dumps(reply)))

    def dying(self, death: str, work: Any) -> None:
        """Do something in a process that dies at a place, if it comes by there."""
        self.broker.fatal, self.world.death = death == "sending", death
        try:
            with suppress(world.Died):
                work()
        finally:
            self.broker.fatal, self.world.death = False, ""

    def move_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.held.close()
        self.held.enter_context(clock.frozen_at(self.now))

    def stop_the_zombies(self) -> None:
        while self.world.hangs:
            self.world.hangs.pop().wake(kill=True)

    # ---- what must hold

    def see(self) -> Seen:
        """What the databases hold, read again only when somebody has written."""
        if self.written or self.seen is None:
            self.written, self.seen = False, Seen.now()
        return self.seen

    @invariant()
    def look(self) -> None:
        if hasattr(self, "history"):
            seen = self.see()
            for check in ALWAYS:
                check(seen)
            self.history.note(seen)

    def heal(self) -> None:
        """The trouble stops, and operators mend what only they can: soon all must have ended, whatever has happened."""
        self.broker.away = False
        self.world.moods.clear()
        self.world.outside = {key: answer for key, answer in self.world.outside.items() if answer == "yes"}
        for _ in range(60):
            self.work_off()
            left = self.see().unfinished()
            if not left:
                break
            for run in (run for run in self.runs if run.id in left):
                self.help(run)
            self.move_on(400)
            coordinator.wake()
        for check in AT_REST:
            check(self.see())

    def work_off(self) -> None:
        """Perform and record all that waits."""
        while self.broker.commands or self.broker.replies:
            while self.broker.commands:
                self.answer(self.perform(self.broker.commands.popleft()))
            _, replies = self.broker.receive_replies(64, 0)
            coordinator.handle(replies)
            self.look()

    def help(self, run: Run) -> None:
        """What an operator does about a run that cannot go on by itself."""
        row = self.see().runs[run.id]
        if row["paused"]:
            self.intervene(run, "resume")
        elif any((step["error"] or {}).get("refused") for step in self.see().steps[run.id] if step["due_at"]):
            self.intervene(run, "retry")
