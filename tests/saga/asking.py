"""People who act on runs of the laboratory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from domains.kernel import clock
from domains.kernel.tenancy import Actor
from saga import decide, tables
from saga.interventions import intervene
from saga.tables import Run

from .watch import EVERYBODY, a_run, now_of, turn

ANNE, BERT = Actor("user", "anne", "Anne"), Actor("user", "bert", "Bert")


def ask(run: Run, op: str, by: Actor = ANNE, **more: Any) -> Run:
    return intervene(EVERYBODY, run.id, op, actor=by, **({"reason": "because"} | more))


@contextmanager
def later(seconds: float) -> Iterator[None]:
    with tables.db.begin_read() as session:
        now = clock.now(session)
    with clock.frozen_at(now + timedelta(seconds=seconds)):
        yield


def at_step(seq: int, **plan: Any) -> Run:
    """A run whose step at `seq` was sent and has not been performed."""
    run = a_run(**plan)
    for _ in range(seq):
        turn()
    assert now_of(run).seq == seq
    return run


def in_doubt(monkeypatch: pytest.MonkeyPatch, seq: int = 2, **plan: Any) -> Run:
    """A run that needs attention at a step that fails time and again."""
    monkeypatch.setattr(decide, "ATTEMPTS", 1)
    name = ["first", "second", "turn", "last"][seq]
    run = at_step(seq, **({"failing": name, "breaks": 1} | plan))
    turn()
    assert now_of(run).status == "needs_attention"
    return run
