"""How long runs stood still after a fault had ended, told from their histories and the times of the faults.

A command that a fault has lost is sent again when its time is over. What counts is the time from the end of the first
fault that can have lost the last sending but one, to the answer that the last sending brought. While another outage
lasts, the clock stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tests.chaos.world import FINAL, Row, World

NOT_YET = ("failed", "locked", "away")  # answers after which it is tried again after a while
ANSWERS = ("done", "undone", "refused", *NOT_YET, *FINAL)
SLACK = 1.5  # seconds by which a timer may fire late


@dataclass
class Standstills:
    """What a fault has cost, by the number of the fault; and what no fault explains."""

    after: dict[int, float] = field(default_factory=dict)
    backoff: float = 0.0  # the longest time from a failed try, which is not a lost one, to the next
    beyond: list[str] = field(default_factory=list)  # longer than it may be
    unexplained: list[str] = field(default_factory=list)  # sent again, and no fault was near


@dataclass
class Wait:
    """From a sending to its answer: `sent` may be the time of a failed try, after which it was sent at some time."""

    seq: int
    phase: str
    sent: float
    backed_off: bool
    resent: list[float] = field(default_factory=list)
    answered: float = 0.0


def standstills(world: World, strikes: list[Row], patience: Callable[[str], float]) -> Standstills:
    """Measure every fault. `patience(queue)` is how long a command of a queue may go unanswered until it is resent."""
    found = Standstills()
    for run in world.runs:
        queues = {(step["seq"], step["phase"]): step["queue"] for step in world.steps[run["id"]]}
        for wait in _waits(world.events[run["id"]]):
            _measure(found, wait, strikes, patience(queues.get((wait.seq, wait.phase), "")), run["id"])
    return found


def _measure(found: Standstills, wait: Wait, strikes: list[Row], patience: float, run_id: str) -> None:
    if wait.backed_off and not wait.resent:
        found.backoff = max(found.backoff, wait.answered - wait.sent)
        return
    sendings = [wait.resent[0] - patience - SLACK if wait.backed_off else wait.sent, *wait.resent]
    since = sendings[-2] if wait.resent else wait.sent
    near = [pair for pair in enumerate(strikes) if pair[1]["began"] <= wait.answered and pair[1]["ended"] >= since]
    where = f"run {run_id} step {wait.seq}{wait.phase}"
    if not near:
        if wait.resent:
            found.unexplained.append(f"{where} was sent again {len(wait.resent)} times, and nothing had happened")
        return
    number, first = min(near, key=lambda pair: pair[1]["ended"])
    lasted = wait.answered - first["ended"] - _troubled(strikes, first["ended"], wait.answered)
    found.after[number] = max(found.after.get(number, 0.0), lasted)
    if lasted > max(patience, (since - sendings[0]) / 4) + 2.0:  # the longer the silence, the more seldom it is broken
        found.beyond.append(f"{where} stood still for {lasted:.1f} s after {first['k']} ({first['what']})")


def _troubled(strikes: list[Row], since: float, until: float) -> float:
    """How many of these seconds another outage lasted that had to end first: nobody can be asked, or a lock is held."""
    told, seconds = since, 0.0
    for one in sorted(strikes, key=lambda one: float(one["began"])):
        began, ended = max(one["began"], told), min(one["ended"], until)
        if one["stops"] and began < ended == one["ended"]:
            seconds += ended - began
            told = ended
    return seconds


def _waits(events: list[Row]) -> Iterator[Wait]:
    """Each wait for an answer, in the order in which the answers came."""
    going: dict[int, Wait] = {}
    for event in events:
        seq, kind = event["seq"], event["kind"]
        if kind == "sent":
            going[seq] = Wait(seq, event["data"]["phase"], event["at"], backed_off=False)
        elif kind == "sent_again" and seq in going:
            if going[seq].backed_off:
                yield replace(going[seq], answered=event["at"])
            going[seq].sent, going[seq].backed_off = event["at"], False
        elif kind == "unanswered" and seq in going:
            going[seq].resent.append(event["at"])
        elif kind in ANSWERS and seq in going:
            wait = going.pop(seq)
            wait.answered = event["at"]
            yield wait
            if kind in NOT_YET:
                going[seq] = Wait(seq, wait.phase, event["at"], backed_off=True)
