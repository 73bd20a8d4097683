"""Who plays a flow: the coordinator with all it keeps, or the worker alone, step by step, for the sake of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domains.kernel.database import new_id
from saga import relay, store, worker
from saga.definition import COMPENSATABLE, Saga, arguments_for, queue_of, wire_name
from saga.tables import Run, db
from saga.transports import inline
from saga.turn import command_id

WAITS = 40  # times that a step is asked again
TOLD = ("accounts", "billing")  # who has to hear what services tell
APART = ("billing.render_invoice", "notifications.", "users.")  # steps that nothing here depends on


@dataclass(frozen=True)
class Played:
    """How a run ended, and why when it came to nothing."""

    is_done: bool
    code: str = ""


class Player(Protocol):
    """Plays flows; `wait` lets time pass before something is asked again."""

    def play(self, saga: Saga, payload: Any) -> Played:
        """Play a flow to its end."""

    def settle(self) -> None:
        """Bring all events to whom they concern."""


class Whole:
    """Everything as in life: runs, timers, replies; what is asked again is asked when its timer fires."""

    def __init__(self, transport: inline.Transport, move_to: Callable[[Any], None]) -> None:
        self._transport, self._move_to = transport, move_to

    def play(self, saga: Saga, payload: Any) -> Played:
        about = {"label": getattr(payload, "label", ""), "resource": payload.resource}
        run_id = store.start(saga, payload, key=str(new_id()), **about).id
        for _ in range(WAITS):
            self._transport.run_until_quiet()
            run = _run(run_id)
            if run.is_final:
                return Played(run.status == "completed", (run.error or {}).get("code", ""))
            self._move_to(self._transport.next_due())
        raise AssertionError(f"{saga.name} does not end: {_run(run_id).status}")

    def settle(self) -> None:
        self._transport.run_until_quiet()


def _run(run_id: UUID) -> Run:
    with db.begin_read() as session:
        return Run(**session.execute(store.run.select().where(store.run.c.id == run_id)).one()._mapping)


class Light:
    """The same steps by the same worker, barrier and all, one after the other, and nothing kept of the run."""

    def __init__(self, transport: inline.Transport, wait: Callable[[float], None], again: Callable[[], bool]) -> None:
        """`again` says whether a command comes twice now, because its reply was lost."""
        self._transport, self._wait, self._again = transport, wait, again
        transport.run_until_quiet()

    def play(self, saga: Saga, payload: Any) -> Played:
        run = {"id": new_id(), "saga": saga, "payload": payload}
        values, done = msgspec.to_builtins(payload), list[int]()
        for seq, step in enumerate(saga.steps):
            if wire_name(step.action).startswith(APART):
                continue
            reply = self._asked(run, seq, "F", step.action, values)
            if reply["outcome"] == "REJECTED":
                for past in reversed(done):
                    self._asked(run, past, "C", saga.steps[past].compensation, values)
                return Played(False, reply["error"]["code"])
            given = reply.get("reply") or {}
            values |= {name: given[name] for name in (*step.gives, *step.renews) if name in given}
            done += [seq] if step.kind == COMPENSATABLE else []
        return Played(True)

    def _asked(self, run: dict[str, Any], seq: int, phase: str, action: Any, values: dict[str, Any]) -> dict[str, Any]:
        envelope = _envelope(run, seq, phase, action, arguments_for(action, values))
        database = self._transport.database(envelope["name"].partition(".")[0])
        for attempt in range(WAITS):
            reply = worker.perform(database, envelope | {"attempt": attempt})
            if reply is not None and reply["outcome"] not in ("RETRY", "PENDING"):
                return worker.perform(database, envelope) or reply if self._again() else reply
            self._wait((reply or {}).get("retry_after") or 2.0)
        raise AssertionError(f"{envelope['name']} does not get through: {reply}")

    def settle(self) -> None:
        transport = self._transport
        while relay.relay(transport.database("services"), transport):
            for name in TOLD:
                while relay.consume(transport.database(name), transport, wait=0):
                    pass


def _envelope(run: dict[str, Any], seq: int, phase: str, action: Any, body: dict[str, Any]) -> dict[str, Any]:
    """A command as the coordinator would send it."""
    name = wire_name(action)
    return {
        "v": 1, "cmd_id": str(command_id(run["id"], seq, phase)), "name": name, "queue": queue_of(action),
        "run_id": str(run["id"]), "seq": seq, "phase": phase, "gen": 0, "send_no": 1, "attempt": 0,
        "customer_id": str(run["payload"].customer_id), "actor": {"kind": "system", "id": "life", "name": "Life"},
        "origin": {}, "request_id": "", "flow": run["saga"].name, "version": run["saga"].version, "traceparent": "",
        "tracestate": "", "body": body, "again_after": 10.0,
    }  # fmt: skip
