"""Faults that are put into the product on purpose, one at a time, to see that the model finds each of them.

`python -m tests.saga.model.mutants` runs all and says which invariant caught which, after how many examples.
"""

from __future__ import annotations

import inspect
import logging
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.tenancy import work_as
from saga import (
    barrier,
    decide,
    exchanging,
    interventions,
    retention,
    steering,
    store,
    tables,
    transports,
    turn,
    worker,
)
from tests.saga import lab
from tests.servers import create_database, temporary_cluster

from .invariants import Broken
from .machine import Machine
from .race import race
from .setting import EVERYBODY

MOST = 600  # examples until a mutant counts as alive


@dataclass(frozen=True)
class Mutant:
    """A function of the product in which `old` is replaced by `new`."""

    name: str
    function: Callable[..., Any]
    old: str
    new: str

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Within the `with` the product has this fault, for whoever holds the function."""
        source = textwrap.dedent(inspect.getsource(self.function))
        if source.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.old!r} stands {source.count(self.old)} times in {self.function}")
        made: dict[str, Any] = {}
        code = compile(source.replace(self.old, self.new), f"<{self.name}>", "exec", dont_inherit=True, flags=FUTURE)
        exec(code, self.function.__globals__, made)
        before = self.function.__code__
        self.function.__code__ = made[self.function.__name__].__code__
        try:
            yield
        finally:
            self.function.__code__ = before


FUTURE = annotations.compiler_flag
MUTANTS = (
    # three of the four that the design asks for; the fourth is `NO_ROW_LOCK`
    Mutant(
        "no barrier: a step may come after its compensation",
        barrier.has_effect,
        'insert_new(session, database.inbox, _row(session, envelope, "F", "CANCELLED"), "cmd_id")',
        "not session.execute(database.inbox.select().where(database.inbox.c.cmd_id == _id_of(envelope, 'F'))).all()",
    ),
    Mutant(
        "no cmd_id check: any reply is taken for the one that is waited for",
        decide.Rules.replied,
        'one["cmd_id"] == event.cmd_id',
        "one",
    ),
    Mutant(
        "no savepoint: a business no leaves its effects",
        worker._effect,
        "with session.begin_nested():",
        "if True:",
    ),
    # and more
    Mutant(
        "no null compensation: what was never done is taken back",
        worker._done,
        "not barrier.has_effect(session, database, envelope)",
        "barrier.has_effect(session, database, envelope) is None",
    ),
    Mutant(
        "no inbox: a command that comes again is done again",
        barrier.enter,
        "return insert_new(",
        "known = database.inbox.c.cmd_id == _id_of(envelope, envelope['phase'])\n"
        "    session.execute(database.inbox.delete().where(known))\n"
        "    return insert_new(",
    ),
    Mutant(
        "a no is not kept: asked again, it may turn into a yes",
        worker._command,
        "result = barrier.keep(session, database, envelope, said)",
        'if said["outcome"] == "REJECTED":\n            return session.rollback() or said\n'
        "        result = barrier.keep(session, database, envelope, said)",
    ),
    Mutant(
        "a command that failed among others counts as done",
        worker._in_one_commit,
        'if what["outcome"] not in FINAL',
        'if not what["outcome"]',
    ),
    Mutant(
        "no fence: a worker that hung records its answer too",
        exchanging.exchange_with,
        ".fence != fence.number",
        ".fence is None",
    ),
    Mutant(
        "a command is sent again under a new id",
        turn.Turn.send,
        'append({**row, "wait": wait})',
        'append({**row, "gen": row["send_no"] - 1, "wait": wait})',
    ),
    Mutant(
        "silence is taken for a no: the step itself is not taken back",
        decide.Rules.give_up,
        'status="UNKNOWN"',
        'status="REFUSED"',
    ),
    Mutant(
        "a pivot in doubt is taken back",
        turn.is_revocable,
        "<",
        "<=",
    ),
    Mutant(
        "a group goes on when its first step is done",
        decide.Rules.done,
        "if not self.outstanding:",
        "if True:",
    ),
    Mutant(
        "a run is cancelled although its pivot was sent",
        steering.possible,
        "all(is_revocable(row, pivot_seq) for row in waiting)",
        "True",
    ),
    Mutant(
        "an operator's retry asks under a new id what may be at work under the old one",
        steering._retry,
        'if (row["error"] or {}).get("refused"):',
        "if True:",
    ),
    Mutant(
        "an operator who has seen an older state is obeyed",
        interventions.intervene_within,
        'row["rev"] != expected_rev',
        'row["rev"] is None',
    ),
    Mutant(
        "the inbox of a run that has not ended is purged",
        retention._purge_inbox,
        "if row.run_id in ended",
        "if row.run_id",
    ),
)


NO_ROW_LOCK = Mutant(
    "no row lock: two coordinators decide on the same state of a run",
    store.locked_runs,
    "locked(query, run)",
    "query",
)


def raced(mutant: Mutant | None, rounds: int = 20) -> tuple[str, int]:
    """Let two coordinators race on a PostgreSQL server: what comes of it, after how many races."""
    with temporary_cluster() as url, tempfile.TemporaryDirectory() as var:
        bind(Settings(var=var, database_url=url))
        for database in (tables.db, lab.db):
            create_database(url.format(domain=database.name))
            database.metadata.create_all(database.engine)
        try:
            with transports.using(lab.a_transport()), mutant.alive() if mutant else nullcontext():
                for number in range(1, rounds + 1):
                    try:
                        race()
                    except Broken as found:
                        return str(found), number
            return "", rounds
        finally:
            bind(Settings())


def hunted(mutant: Mutant | None, most: int = MOST) -> tuple[str, int]:
    """Run the model with a fault in the product: what it complains of (nothing: empty), after how many examples."""
    examples = 0

    class Counted(Machine):
        def open(self, made: Any) -> None:
            nonlocal examples
            examples += 1
            super().open(made)

    gently = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
    with mutant.alive() if mutant else nullcontext():
        try:
            run_state_machine_as_test(
                Counted,
                settings=settings(
                    max_examples=most, stateful_step_count=40, derandomize=True, phases=[Phase.generate], **gently
                ),
            )
        except Broken as found:
            return str(found), examples - 1  # Hypothesis has done the last one again to be sure
        except Exception as trouble:  # no invariant, but nobody would miss it
            return f"{type(trouble).__name__}: {trouble}", examples - 1
    return "", examples


def main() -> int:
    """Hunt all mutants; 1 when one of them stays alive."""
    logging.disable(logging.CRITICAL)
    work_as(EVERYBODY)
    if complaint := hunted(None, 5)[0]:  # else each mutant would count as found by the same
        print(f"the model complains without any fault: {complaint}")
        return 1
    hunts = [(NO_ROW_LOCK, raced, "races on PostgreSQL"), *((mutant, hunted, "examples") for mutant in MUTANTS)]
    alive = 0
    for mutant, hunt, unit in hunts:
        began = time.monotonic()
        complaint, number = hunt(mutant)
        alive += not complaint
        print(mutant.name)
        print(f"    {f'killed by {complaint.splitlines()[0][:90]}' if complaint else 'ALIVE'}")
        print(f"    after {number} {unit}, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{len(hunts) - alive} of {len(hunts)} mutants killed")
    return int(alive > 0)


if __name__ == "__main__":
    sys.exit(main())
