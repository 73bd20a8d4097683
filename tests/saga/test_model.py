"""Sagas under a broker that loses, doubles and reorders: whatever it does, each run ends and its books balance."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from domains.kernel import clock
from domains.kernel.config import Settings
from domains.kernel.database import bind
from saga import coordinator, decide, store, tables, transports
from saga.events import FINAL

from . import lab

PLANS = st.fixed_dictionaries(
    {
        "refuse": st.sampled_from(["", "", "first", "second", "turn"]),
        "failing": st.sampled_from(["", "first", "second", "turn", "last"]),
        "breaks": st.integers(0, 12),
    }
)


class Broker(RuleBasedStateMachine):
    """Runs of the laboratory, with every message in the hands of chance."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.mkdtemp()
        bind(Settings(var=self.folder))
        for database in (tables.db, lab.db):
            database.metadata.create_all(database.engine)
        lab.reset()
        self.patience = (decide.ATTEMPTS, decide.SILENCE)
        decide.ATTEMPTS, decide.SILENCE = 2, timedelta(seconds=20)  # give up soon, so that late messages are common
        self.transport = lab.a_transport()
        transports._transport = self.transport
        self.now = datetime(2026, 3, 10, tzinfo=UTC)
        self.frozen = clock.frozen_at(self.now)
        self.frozen.__enter__()
        self.runs: dict[UUID, lab.Plan] = {}

    def teardown(self) -> None:
        if not hasattr(self, "folder"):
            return
        try:
            self.heal()
            self.check_the_books()
        finally:
            self.frozen.__exit__(None, None, None)
            decide.ATTEMPTS, decide.SILENCE = self.patience
            transports._transport = None
            shutil.rmtree(self.folder)

    # ---- what may happen

    @rule(plan=PLANS)
    def start(self, plan: dict[str, Any]) -> None:
        made = lab.Plan(thing=uuid4(), customer_id=uuid4(), **plan)
        for _ in range(2):  # the same request twice is one run
            run = store.start(lab.lab, made, key=str(made.thing), label="x", resource=("thing", made.thing))
        self.runs[run.id] = made

    @precondition(lambda self: self.transport.commands)
    @rule(number=st.integers(0, 50))
    def perform_one(self, number: int) -> None:
        self.transport.commands.rotate(number)
        self.transport.perform_next()

    @precondition(lambda self: self.transport.commands)
    @rule(number=st.integers(0, 50))
    def worker_dies_before_it_replies(self, number: int) -> None:
        self.transport.commands.rotate(number)
        lab.perform(self.transport.commands.popleft())

    @precondition(lambda self: self.transport.commands)
    @rule(twice=st.booleans())
    def lose_or_double_a_command(self, twice: bool) -> None:
        command = self.transport.commands.popleft()
        self.transport.commands.extend([command, command] if twice else [])

    @precondition(lambda self: self.transport.replies)
    @rule(number=st.integers(0, 50), size=st.integers(1, 4))
    def coordinate(self, number: int, size: int) -> None:
        self.transport.replies.rotate(number)
        _, replies = self.transport.receive_replies(size, 0)
        coordinator.handle(replies)

    @precondition(lambda self: self.transport.replies)
    @rule(twice=st.booleans())
    def lose_or_double_a_reply(self, twice: bool) -> None:
        reply = self.transport.replies.popleft()
        self.transport.replies.extend([reply, reply] if twice else [])

    @rule(seconds=st.integers(1, 400))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.frozen.__exit__(None, None, None)
        self.frozen = clock.frozen_at(self.now)
        self.frozen.__enter__()
        coordinator.wake()

    # ---- what must hold

    @invariant()
    def an_unfinished_run_has_a_timer(self) -> None:
        if hasattr(self, "runs"):
            assert all(row.next_at is not None for row in self.rows() if row.status not in FINAL)

    @invariant()
    def nothing_happens_twice_or_after_it_was_taken_back(self) -> None:
        if hasattr(self, "runs"):
            for effects in self.effects().values():
                assert all(0 <= sum(amounts) <= 25 and len(amounts) <= 2 for amounts in effects.values())
            assert all(times == 1 for thing, times in lab.outside.items()), "the outside was asked twice"

    def heal(self) -> None:
        for _ in range(400):
            self.transport.run_until_quiet()
            if all(row.status in FINAL for row in self.rows()):
                return
            self.time_passes(400)
        raise AssertionError("a run never ended")

    def check_the_books(self) -> None:
        effects = self.effects()
        for row in self.rows():
            plan = self.runs[row.id]
            sums = {name: sum(amounts) for name, amounts in effects.get(plan.thing, {}).items()}
            if row.status == "completed":
                assert sums == {"first": 1, "second": 1, "turn": 1, "last": 25}
            else:
                assert plan.thing not in lab.outside and set(sums.values()) <= {0}

    def rows(self) -> list[Any]:
        with tables.db.begin_read() as session:
            return list(session.execute(tables.run.select()).all())

    def effects(self) -> dict[UUID, dict[str, list[int]]]:
        found: dict[UUID, dict[str, list[int]]] = {}
        with lab.db.begin_read() as session:
            for effect in session.scalars(select(lab.Effect).order_by(lab.Effect.id)):
                found.setdefault(effect.thing, {}).setdefault(effect.name, []).append(effect.amount)
        return found


Broker.TestCase.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSagas = pytest.mark.slow(Broker.TestCase)
