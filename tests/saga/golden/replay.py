"""Deciding a timeline again: a run and its steps in memory, changed by decisions as the store would change them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from saga.decide import decide
from saga.definition import Saga
from saga.events import Asked, Decision, Due, Replied, Started

FOLDER = Path(__file__).parent
READ = (
    "id", "status", "phase", "seq", "pivoted", "paused", "payload", "outputs", "attention", "error", "deadline_at",
    "proposed",
)  # fmt: skip
EVENTS: dict[str, Any] = {kind.__name__: kind for kind in (Started, Due, Replied, Asked)}


class Timeline:
    """A run of a saga in the making, and what was decided about it so far, as plain JSON."""

    def __init__(self, saga: Saga, run: dict[str, Any]) -> None:
        self.saga, self.started, self.run = saga, plain(run), dict(run)
        self.steps: dict[Any, dict[str, Any]] = {}
        self.turns: list[dict[str, Any]] = []

    def on(self, event: Any, now: datetime, spread: float = 0.5, call_time: float = 10.0) -> Decision:
        """Let something happen."""
        rows = list(self.steps.values())
        made = decide(self.saga, self.run, rows, event, now=now, spread=spread, call_time=call_time)
        self.run |= made.run
        for key, columns in made.steps.items():
            self.steps.setdefault(key, {}).update(columns)
        asked = {"at": now, "event": type(event).__name__, "what": event, "spread": spread, "call_time": call_time}
        self.turns.append(plain(asked | {"decided": _told(made)}))
        return made

    def kept(self) -> dict[str, Any]:
        """The timeline as it is written to its file."""
        about = {"definition": self.saga.name, "version": self.saga.version, "shape": self.saga.shape.splitlines()}
        return about | {"run": self.started, "turns": self.turns}


def plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(msgspec.json.encode(value))


def _told(made: Decision) -> dict[str, Any]:
    """A decision in plain words. What a command is told is long: its names stand here, and a digest of all of it."""
    steps = {"/".join(map(str, key)): _short(columns) for key, columns in made.steps.items()}
    send = [f"{row['name']} {row['phase']} no. {row['send_no']}, again in {row['wait']} s" for row in made.send]
    return {"run": made.run, "steps": steps, "send": send, "notes": made.notes, "ignored": made.ignored}


def _short(columns: dict[str, Any]) -> dict[str, Any]:
    if "body" not in columns:
        return columns
    told = columns["body"]
    digest = hashlib.sha256(json.dumps(plain(told), sort_keys=True).encode()).hexdigest()[:16]
    return {**columns, "body": f"{', '.join(sorted(told))} ({digest})"}


def replayed(kept: dict[str, Any], saga: Saga) -> dict[str, Any]:
    """Decide a kept timeline again; gives what would be kept now."""
    run = kept["run"] | {"id": UUID(kept["run"]["id"])}
    if run["deadline_at"]:
        run["deadline_at"] = datetime.fromisoformat(run["deadline_at"])
    made = Timeline(saga, run)
    for turn in kept["turns"]:
        event = msgspec.convert(turn["what"], EVENTS[turn["event"]])
        made.on(event, datetime.fromisoformat(turn["at"]), turn["spread"], turn["call_time"])
    return made.kept()


# ---- timelines that nobody waits for: made from the replies of a run that went well


class Director:
    """Takes a run of a flow another way than the one that went well."""

    def __init__(self, saga: Saga, run: dict[str, Any], yeses: dict[int, Any], now: datetime) -> None:
        self.timeline, self.yeses, self.now = Timeline(saga, run), yeses, now
        self.timeline.on(Started(), now)

    def waiting(self) -> list[dict[str, Any]]:
        rows = self.timeline.steps.values()
        return [row for row in rows if row["status"] in ("SENT", "BACKOFF", "PENDING")]

    def say(self, row: dict[str, Any], outcome: str, **more: Any) -> None:
        self.now += timedelta(seconds=1)
        self.timeline.on(Replied(row["cmd_id"], outcome, **more), self.now)

    def go_well(self, until: int = 99) -> None:
        """Answer yes to all steps before `until`, and to all compensations."""
        while rows := [row for row in self.waiting() if row["phase"] == "C" or row["seq"] < until]:
            reply = self.yeses.get(rows[0]["seq"]) if rows[0]["phase"] == "F" else None
            self.say(rows[0], "OK", reply=reply or {})

    def say_nothing(self, seq: int, minutes: int = 60) -> None:
        """Let a step go unanswered until it is given up or somebody is asked to look."""
        end = self.now + timedelta(minutes=minutes)
        while any(row["seq"] == seq and row["phase"] == "F" for row in self.waiting()) and self.now < end:
            if self.timeline.run["status"] == "needs_attention":
                return
            self.now = self.timeline.run["next_at"]
            self.timeline.on(Due(), self.now)


def ways(saga: Saga, run: dict[str, Any], yeses: dict[int, Any], now: datetime) -> dict[str, Timeline]:
    """The ways that each flow must be able to go, by name."""
    turning = min(saga.pivot_seq, len(saga.steps) - 1)
    ended: dict[str, Timeline] = {}
    for name in ("well", "refused-first", "refused-late", "silent-first", "silent-late", "out-of-order", "canceled"):
        director = Director(saga, dict(run), yeses, now)
        seq = 0 if name.endswith("first") or name == "canceled" else turning
        director.go_well(until=seq)
        _WAYS[name.partition("-")[0]](director, seq)
        director.go_well()
        ended[name] = director.timeline
    return ended


def _refused(director: Director, seq: int) -> None:
    director.say(director.waiting()[0], "REJECTED", error={"code": "no", "detail": "No."})


def _out(director: Director, seq: int) -> None:
    """A step fails twice, then is pending, then nobody answers for a while."""
    for outcome in ("RETRY", "RETRY", "PENDING"):
        director.say(director.waiting()[0], outcome, retry_after=3.0, **(
            {"waiting_for": "provider"} if outcome == "PENDING" else {"error": {"code": "NotNow", "detail": ""}}
        ))  # fmt: skip
        director.now = director.timeline.run["next_at"]
        director.timeline.on(Due(), director.now)


def _canceled(director: Director, seq: int) -> None:
    if director.timeline.saga.pivot_seq > 0:  # else its first command is the pivot, which cannot be called back
        director.timeline.on(Asked("cancel", "user:olivia"), director.now)


_WAYS: dict[str, Any] = {
    "well": lambda director, seq: None,
    "refused": _refused,
    "silent": lambda director, seq: director.say_nothing(seq),
    "out": _out,
    "canceled": _canceled,
}
