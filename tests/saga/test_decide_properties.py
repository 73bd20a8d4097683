"""The pure decisions under any sequence of events, of random sagas: what holds whatever happens, in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.kernel.errors import DomainError
from saga.decide import decide
from saga.definition import PIVOT, RETRIABLE
from saga.events import FINAL, OUTSTANDING, WITHDRAWN, Asked, Due, Replied, Started
from saga.steering import OPERATIONS
from saga.turn import command_id

from .golden.replay import READ, Timeline
from .model import shapes, world
from .model.seen import fold

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
OUTCOMES = ("OK", "OK", "OK", "OK", "REJECTED", "NOOP", "CANCELLED", "HAPPENED", "RETRY", "PENDING")
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(0, 9), st.sampled_from(OUTCOMES), st.booleans()),
        st.tuples(st.just("answer"), st.integers(0, 9), st.just("OK"), st.just(False)),
        st.tuples(st.just("due"), st.sampled_from([0, 0, 30, 1000, 90000])),
        st.tuples(st.just("asked"), st.sampled_from(OPERATIONS), st.sampled_from(["ann", "bob"])),
    ),
    max_size=40,
)


class Play:
    """A run of a random saga under random events."""

    def __init__(self, shape: shapes.Shape) -> None:
        self.saga = shapes.declared("play", 1, shape)
        shapes.forget([self.saga])
        run: dict[str, Any] = dict.fromkeys(READ) | {
            "id": UUID(int=7), "status": "running", "phase": "F", "seq": 0, "pivoted": False, "paused": 0,
            "payload": {"resource": "", "hold": -1, "free": -1}, "outputs": {}, "rev": 0,
            "deadline_at": NOW + self.saga.deadline if self.saga.deadline else None,
        }  # fmt: skip
        self.line, self.now, self.sent = Timeline(self.saga, run), NOW, list[Any]()
        self.events: list[dict[str, Any]] = []
        self.answered: set[UUID] = set()
        self.on(Started())

    def on(self, event: Any) -> Any:
        before = dict(self.line.run), {key: dict(row) for key, row in self.line.steps.items()}
        try:
            made = self.line.on(event, self.now)
        except DomainError:  # a person asked for what cannot be done
            assert before == (self.line.run, self.line.steps)
            return None
        if isinstance(event, Replied) and event.cmd_id not in [row["cmd_id"] for row in _waiting(before[1])]:
            assert made.ignored, "a reply that nobody waits for was listened to"
        self.answered |= {event.cmd_id} if isinstance(event, Replied) and event.outcome != "RETRY" else set()
        self.events += [{"kind": kind, "seq": seq, "data": data} for kind, seq, data in made.notes]
        self.sent += [(row["seq"], row["phase"]) for row in made.send if row["send_no"] == 1]
        self.check(before, made)
        return made

    def check(self, before: Any, made: Any) -> None:
        run, rows = self.line.run, self.line.steps
        waiting = _waiting(rows)
        final = run["status"] in FINAL
        # nothing changes without a note, and nothing at all when it is ignored or after the end
        assert bool(made.notes) != bool(made.ignored)
        if made.ignored or before[0]["status"] in FINAL:
            assert before == (run, rows) and not made.send
        # I12, I14: a run that has not ended has a timer and something to wait for; one that has, neither
        assert (run["next_at"] is None) == final and bool(waiting) != final
        # I10: one command at a time, or a group's
        groups = {(self.saga.group_of(row["seq"]), row["phase"]) for row in waiting}
        assert len(groups) <= 1 and len(waiting) == len({row["seq"] for row in waiting})
        assert run["phase"] == waiting[0]["phase"] if waiting else True
        # I17: what was noted says what the row says
        told = fold(self.saga, self.events)
        assert told == {name: run[name] for name in told}, self.events
        self.check_the_way()
        self.check_the_ids(made)

    def check_the_ids(self, made: Any) -> None:
        """One id a command, however often it is sent; another one only after a clear no. Silence is no such no."""
        rows = self.line.steps
        for row in made.send:
            key = row["seq"], row["phase"], row["gen"]
            assert row["cmd_id"] == rows[key]["cmd_id"] == command_id(UUID(int=7), *key)
        for (seq, phase, gen), row in rows.items():
            assert gen == 0 or rows[seq, phase, gen - 1]["status"] == "REFUSED"
            assert row["status"] != "REFUSED" or row["cmd_id"] in self.answered

    def check_the_way(self) -> None:
        """Forwards in order, back in reverse, nothing taken back after the pivot, nothing retried before it."""
        rows = self.line.steps.values()
        on = [self.saga.group_of(seq)[0] for seq, phase in dict.fromkeys(self.sent) if phase == "F"]
        back = [seq for seq, phase in dict.fromkeys(self.sent) if phase == "C"]
        assert on == sorted(on) and back == sorted(back, reverse=True)
        taken_back = [row for row in rows if row["phase"] == "C" and not row["name"].endswith(WITHDRAWN)]
        if self.line.run["pivoted"]:
            assert not taken_back
        else:
            assert not [row for row in rows if self.saga.steps[row["seq"]].kind == RETRIABLE]
        if self.line.run["status"] == "compensated":
            done = {row["seq"] for row in rows if row["phase"] == "F" and row["status"] in ("DONE", "UNKNOWN")}
            can = {seq for seq in done if self.saga.steps[seq].compensation}
            assert can == {row["seq"] for row in taken_back}
            sent = {row["seq"] for row in rows if row["send_no"]}
            assert all(self.saga.steps[seq].kind != PIVOT for seq in done & sent)


def _waiting(rows: dict[Any, Any]) -> list[Any]:
    return [row for row in rows.values() if row["status"] in OUTSTANDING]


def happen(play: Play, kind: str, *what: Any) -> None:
    """Let one of the events of a list happen."""
    if kind == "due":
        due = play.line.run["next_at"]
        play.now = max(play.now, due or play.now) + timedelta(seconds=what[0])
        if due and not play.line.run["paused"]:  # the timer of a run that is paused or has ended does not fire
            play.on(Due())
    elif kind == "asked":
        outputs = {f"got{seq}": world.gives(seq) for seq in range(world.MOST)}
        play.on(Asked(what[0], what[1], "because", outputs))
    else:
        number, outcome, late = what
        rows = sorted(play.line.steps.values(), key=lambda row: (row["seq"], row["phase"], row["gen"]))
        waiting = _waiting(play.line.steps)
        chosen = rows if late else waiting or rows
        row = chosen[number % len(chosen)]
        if outcome == "HAPPENED" and not row["name"].endswith(WITHDRAWN):
            outcome = "OK"
        reply = {f"got{row['seq']}": world.gives(row["seq"])} if outcome in ("OK", "HAPPENED") else {}
        play.on(Replied(row["cmd_id"], outcome, reply))


@settings(max_examples=400, deadline=None)
@given(shape=shapes.shapes(), events=EVENTS)
def test_whatever_happens_a_run_stays_whole(shape: shapes.Shape, events: list[Any]) -> None:
    play = Play(shape)

    for kind, *what in events:
        happen(play, kind, *what)

    end_well(play)


def end_well(play: Play) -> None:
    """Once all goes well, the run ends (I11)."""
    if play.line.run["paused"]:
        play.on(Asked("resume", "ann", "because"))
    for _ in range(3 * world.MOST):
        waiting = _waiting(play.line.steps)
        if not waiting:
            break
        reply = {f"got{waiting[0]['seq']}": world.gives(waiting[0]["seq"])}
        play.on(Replied(waiting[0]["cmd_id"], "OK", reply))
    assert play.line.run["status"] in FINAL


@settings(max_examples=100, deadline=None)
@given(shape=shapes.shapes(), events=EVENTS, spread=st.floats(0, 0.999))
def test_the_same_facts_give_the_same_decision_and_stay_as_they_are(
    shape: shapes.Shape, events: list[Any], spread: float
) -> None:
    play = Play(shape)
    for kind, *what in events:
        happen(play, kind, *what)
    rows = list(play.line.steps.values())
    before = [dict(play.line.run), [dict(row) for row in rows]]
    facts = SimpleNamespace(now=play.now, spread=spread)

    one, two = (decide(play.saga, play.line.run, rows, Due(), **vars(facts)) for _ in range(2)) if rows else (0, 0)

    assert one == two and before == [play.line.run, rows]
