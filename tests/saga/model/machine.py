"""Random sagas under a broker, workers, coordinators and operators that fail in every way that they can.

Where each invariant of the design is checked: I1 to I10, I12 to I15, I17 and I22 to I24 in `invariants`, after every
step; I11 there, once all is quiet; I16 and I18 in `history`, between two moments; I20 there, at every decision; I19 in
`start`; I21 in `an_old_coordinator_is_back`; more of I24 in `operate`. I26 is that all of this holds under this broker.
I25 (traces) has tests of its own.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from domains.kernel.errors import DomainError
from saga import coordinator, definition, interventions, retention, store, tables, worker
from saga.definition import PIVOT, is_exchange
from saga.steering import OPERATIONS

from . import shapes, world
from .invariants import hold
from .setting import ANN, BOB, RESOURCES, Setting

MANY = st.integers(0, 63)
IN_A_WORKER = ("", "", "", ".entered", ".before_commit", ".after_commit", ".before_call", ".after_call")
IN_A_COORDINATOR = ("", "", "", "coordinator.before_commit", "coordinator.after_commit", "sending", "coordinator.sent")
MOODS_OF = {
    "act": ("refuse", "fail", "slow", "die", "break"),
    "look": ("refuse", "fail", "slow", "die", "break"),
    "ask": ("refuse", "fail", "slow", "die", "deaf", "hang before", "hang after"),
    "peek": ("refuse", "fail", "slow", "die", "deaf", "hang before", "hang after"),
    "undo": ("refuse", "fail", "die", "break"),
}
MOODS = st.lists(st.tuples(MANY, st.sampled_from("FFFC"), MANY, st.integers(1, 3)), min_size=1, max_size=6)


class Machine(Setting):
    """Up to six runs of up to three random sagas, with every message and process in the hands of chance."""

    # ---- runs

    @initialize(
        made=st.lists(shapes.shapes(), min_size=1, max_size=3),
        wishes=st.lists(st.tuples(MANY, st.sampled_from(RESOURCES), MOODS), min_size=2, max_size=4),
    )
    def begin(self, made: list[shapes.Shape], wishes: list[Any]) -> None:
        self.open(made)
        for which, resource, moods in wishes:
            self.start(which, resource, False, moods)

    @precondition(lambda self: len(self.runs) < 6)
    @rule(which=MANY, resource=st.sampled_from(RESOURCES), lost=st.booleans(), moods=MOODS)
    def start(self, which: int, resource: str, lost: bool, moods: list[Any]) -> None:
        name = sorted(self.shapes)[which % len(self.shapes)]
        shape, key = self.shapes[name][-1], f"key-{len(self.runs)}"
        wish = world.Wish(UUID(int=1), resource, shape.hold, shape.free)
        saga, about = definition.saga_of(name, len(self.shapes[name])), ("thing", UUID(int=2))
        # whoever dies here has committed the start and sent nothing
        self.dying("sending" * lost, lambda: store.start(saga, wish, key=key, label="x", resource=about))
        again = store.start(saga, wish, key=key, label="x", resource=about)
        hold(again.replayed and again.id not in [run.id for run in self.runs], "I19", "a key was used for two runs")
        self.runs.append(again)
        for mood in moods:
            self.trouble(-1, *mood)

    @rule(which=MANY, seq=MANY, phase=st.sampled_from("FFC"), mood=MANY, times=st.integers(1, 3))
    def trouble(self, which: int, seq: int, phase: str, mood: int, times: int) -> None:
        run = self.runs[which % len(self.runs)]
        kinds = self.shapes[run.definition][run.definition_version - 1].kinds
        verb, kind = kinds[seq % len(kinds)]
        if phase == "F" or kind == "compensatable":
            moods = MOODS_OF[verb if phase == "F" else "undo"]
            self.world.moods[run.id, seq % len(kinds), phase] = [moods[mood % len(moods)]] * times

    @precondition(lambda self: len(self.sagas) < 5)
    @rule(which=MANY, shape=shapes.shapes())
    def deploy(self, which: int, shape: shapes.Shape) -> None:
        name = sorted(self.shapes)[which % len(self.shapes)]
        self.shapes[name].append(shape)
        self.sagas.append(shapes.declared(name, len(self.shapes[name]), shape))

    # ---- workers

    @precondition(lambda self: self.broker.commands)
    @rule(which=MANY, leave=st.booleans(), death=st.sampled_from(IN_A_WORKER))
    def work(self, which: int, leave: bool, death: str) -> None:
        command = self.broker.pick(self.broker.commands, which, leave=leave)
        hanging = world.Hanging()
        self.world.death = death
        if hanging.work(self.perform, command):
            self.world.hangs.append(hanging)
        else:
            self.answer(hanging.reply)
        self.world.death = ""

    @precondition(lambda self: len(self.broker.commands) > 1)
    @rule(which=MANY, size=st.integers(2, 6), leave=st.booleans(), death=st.sampled_from(IN_A_WORKER))
    def work_together(self, which: int, size: int, leave: bool, death: str) -> None:
        size = min(size, len(self.broker.commands))
        commands = [self.broker.pick(self.broker.commands, which, leave=leave) for _ in range(size)]
        self.dying(death, lambda: [self.answer(one) for one in worker.perform_together(world.db, commands)])

    @rule(rounds=st.integers(1, 3), backwards=st.booleans(), together=st.booleans())
    def all_goes_well(self, rounds: int, backwards: bool, together: bool) -> None:
        for _ in range(rounds):
            if together and len(self.broker.commands) > 1:
                self.work_together(0, 64, False, "")
            while self.broker.commands:
                self.work(-1 if backwards else 0, False, "")
            if self.broker.replies:
                self.coordinate(0, 64, False, "")

    @precondition(lambda self: any(is_exchange(one["queue"]) for one in self.broker.commands))
    @rule(which=MANY, mood=st.sampled_from(["hang before", "hang after"]))
    def a_worker_hangs(self, which: int, mood: str) -> None:
        calling = [one for one in self.broker.commands if is_exchange(one["queue"])]
        command = calling[which % len(calling)]
        self.world.moods[UUID(command["run_id"]), command["seq"], command["phase"]] = [mood]
        self.broker.commands.append(command)
        self.work(-1, False, "")

    @precondition(lambda self: self.world.hangs)
    @rule(which=MANY, kill=st.sampled_from([False, False, True]), overtaken=st.sampled_from([True, True, False]))
    def a_zombie_goes_on(self, which: int, kill: bool, overtaken: bool) -> None:
        hanging = self.world.hangs.pop(which % len(self.world.hangs))
        if overtaken:  # its command was sent again, and another worker has it, in a better mood
            command = hanging.envelope
            self.world.moods.pop((UUID(command["run_id"]), command["seq"], command["phase"]), None)
            self.broker.commands.append(command)
            self.work(-1, False, "")
        hanging.wake(kill=kill)
        self.answer(hanging.reply)

    # ---- coordinators

    @precondition(lambda self: self.broker.replies)
    @rule(which=MANY, size=st.integers(1, 4), leave=st.booleans(), death=st.sampled_from(IN_A_COORDINATOR))
    def coordinate(self, which: int, size: int, leave: bool, death: str) -> None:
        size = min(size, len(self.broker.replies))
        replies = [self.broker.pick(self.broker.replies, which, leave=leave) for _ in range(size)]
        self.dying(death, lambda: coordinator.handle(replies))

    @rule(seconds=st.sampled_from([1, 3, 12, 12, 30, 70, 400]), death=st.sampled_from(IN_A_COORDINATOR))
    def time_passes(self, seconds: int, death: str) -> None:
        self.move_on(seconds)
        self.dying(death, coordinator.wake)

    def an_old_coordinator_is_back(self, which: int) -> None:
        newest = self.sagas[-1]
        before = self.see()
        shapes.forget([newest])
        try:
            coordinator.handle([self.broker.pick(self.broker.replies, which)] if self.broker.replies else [])
            coordinator.wake()
        finally:
            definition._registry[newest.name, newest.version] = newest
        after = self.see()
        for run_id, row in before.runs.items():
            if (row["definition"], row["definition_version"]) == (newest.name, newest.version):
                same = before.everything_of(run_id) == after.everything_of(run_id)
                hold(same, "I21", "a coordinator changed a run of a version that it does not know")

    # ---- operators

    @precondition(lambda self: self.runs)
    @rule(which=MANY, op=st.sampled_from(OPERATIONS), who=st.sampled_from([ANN, BOB]), stale=st.integers(0, 9))
    def operate(self, which: int, op: str, who: Any, stale: int) -> None:
        before, run = self.see(), self.runs[which % len(self.runs)]
        row = before.runs[run.id]
        rev = row["rev"] - 1 if stale == 9 else row["rev"]
        with tables.db.begin_read() as session:
            may = op in interventions.possible(session, store.get(session, self.everybody, run.id))
        try:
            self.dying("sending" if stale == 8 else "", lambda: self.intervene(run, op, who, expected_rev=rev))
            code = ""
        except DomainError as no:
            code = no.code
        expected = "version_conflict" if stale == 9 else "" if may else "not_possible_now"
        pivots = [step for step in before.steps[run.id] if step["kind"] == PIVOT and step["phase"] == "F"]
        turned = any(step["send_no"] for step in pivots)  # one that a pause holds back was not sent yet
        hold(code or not turned or op not in ("cancel", "compensate"), "I24", f"{op} after the pivot was sent")
        hold(code == expected, "I24", f"{op} of {row['status']} was answered {code!r} instead of {expected!r}")
        self.i24_a_no_changes_nothing_and_a_yes_counts_one(before, run.id, code)

    def i24_a_no_changes_nothing_and_a_yes_counts_one(self, before: Any, run_id: UUID, code: str) -> None:
        after = self.see()
        if code:
            same = before.everything_of(run_id) == after.everything_of(run_id)
            hold(
                same and before.orders[run_id] == after.orders[run_id], "I24", f"{code}, and yet something has changed"
            )
        else:
            moved = after.runs[run_id]["rev"] - before.runs[run_id]["rev"]
            hold(moved == 1 and len(after.orders[run_id]) == len(before.orders[run_id]) + 1, "I24", f"moved on {moved}")

    # ---- the broker

    @precondition(lambda self: self.broker.commands)
    @rule(which=MANY, twice=st.booleans())
    def lose_or_double_a_command(self, which: int, twice: bool) -> None:
        command = self.broker.pick(self.broker.commands, which)
        self.broker.commands.extend([command] * (2 * twice))

    @precondition(lambda self: self.broker.sent)
    @rule(which=MANY)
    def an_old_command_comes_again(self, which: int) -> None:
        self.broker.commands.append(self.broker.sent[which % len(self.broker.sent)])
        self.work(-1, False, "")

    @precondition(lambda self: self.broker.replies)
    @rule(which=MANY, twice=st.booleans())
    def lose_or_double_a_reply(self, which: int, twice: bool) -> None:
        reply = self.broker.pick(self.broker.replies, which)
        self.broker.replies.extend([reply] * (2 * twice))

    @rule(what=st.sampled_from(["empty", "away", "purge", "purge late", "old coordinator"]), which=MANY)
    def seldom(self, what: str, which: int) -> None:
        self.broker.away = what == "away"
        if what == "empty":
            self.broker.flush()
        elif what.startswith("purge"):
            self.the_inboxes_are_purged(40 if what == "purge late" else 0)
        elif what == "old coordinator" and len(self.sagas) > len(self.shapes):
            self.an_old_coordinator_is_back(which)

    def the_inboxes_are_purged(self, days: int) -> None:
        if days:  # no message lives that long
            self.broker.flush()
            self.broker.sent.clear()
            self.stop_the_zombies()
            self.move_on(days * 86400)
        before = self.see()
        self.world.purged |= {run_id for run_id in before.runs if run_id not in before.unfinished()}
        retention.purge(world.db)
        after = self.see()
        kept = all(after.inbox[run_id] == before.inbox[run_id] for run_id in before.unfinished())
        hold(kept, "I4", "the inbox of an unfinished run was purged")
