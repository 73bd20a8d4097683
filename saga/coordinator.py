"""The coordinator: records each reply with what follows from it in one commit, and wakes runs whose timer has fired.

Recovery is a query on time, run for ever by every coordinator; no run belongs to a process that could die with it.
"""

from __future__ import annotations

import logging
import random
import signal
import time
from datetime import timedelta
from types import FrameType
from typing import Any
from uuid import UUID

from domains.kernel import audit, clock, config, failpoint, heartbeat, metering, tracing
from domains.kernel.config import Settings
from domains.kernel.database import bind
from domains.kernel.messages import acting
from domains.kernel.telemetry import start_logging

from . import flows, gauges, spans, store, tables, transports
from .decide import decide
from .events import Decision, Due, Replied

log = logging.getLogger(__name__)
BATCH = 64
LATER = timedelta(minutes=5)  # until a run that could not be decided is tried again


def handle(replies: list[dict[str, Any]]) -> int:
    """Record replies and what follows from them, in one commit, then send the commands. Returns how many were sent.

    A reply may come late, twice or never; one that its run does not wait for is noted and dropped. One that means
    nothing to this process (its run is of a newer version) is left to the timer, which asks for it again.
    """
    events = [(UUID(reply["run_id"]), _replied(reply)) for reply in replies]
    with tables.db.begin() as session:
        rows = {row["id"]: row for row in store.locked_runs(session, sorted({run_id for run_id, _ in events}))}
        steps = store.steps_of(session, list(rows))
        now, sends = clock.now(session), []
        for run_id in rows:
            # One event a run in a batch: the next one is decided on rows that this one has changed.
            first, *more = [event for known, event in events if known == run_id]
            sends += _decided(session, rows[run_id], steps[run_id], first, now)
            for event in more:
                row = store.locked_runs(session, [run_id])[0]
                sends += _decided(session, row, store.steps_of(session, [run_id])[run_id], event, now)
        failpoint.reach("coordinator.before_commit")
    failpoint.reach("coordinator.after_commit")
    transports.current().send_commands(sends)
    return len(sends)


def wake(limit: int = 50) -> int:
    """Act on runs whose timer has fired: send again what was not answered. Returns how many runs were woken."""
    with tables.db.begin() as session:
        rows = store.claim_due(session, limit)
        steps = store.steps_of(session, [row["id"] for row in rows])
        now, sends = clock.now(session), []
        for row in rows:
            sends += _decided(session, row, steps[row["id"]], Due(), now)
    transports.current().send_commands(sends)
    return len(rows)


def _decided(session: Any, row: Any, steps: list[Any], event: Replied | Due, now: Any) -> list[dict[str, Any]]:
    facts = {"run_id": row["id"], "flow": row["definition"], "customer_id": row["customer_id"]}
    event_name = event.outcome if isinstance(event, Replied) else "due"
    facts |= {"event": event_name, "saga.id": row["id"], "saga.type": row["definition"]}
    work, state = event.traceparent if isinstance(event, Replied) else "", row["tracestate"] or ""
    with (
        acting(tracestate=state),
        tracing.span(f"decide {row['definition']}", parent=row["traceparent"], link=work, **facts) as tell,
    ):
        sends = _applied(session, row, steps, event, now)
        tell(sends=" ".join(sorted({envelope["name"] for envelope in sends})))
    return sends


def _applied(session: Any, row: Any, steps: list[Any], event: Replied | Due, now: Any) -> list[dict[str, Any]]:
    spread = random.random()  # scatters retries only; nothing is decided by it
    try:
        definition, call_time = store.definition_of(row), config.current().provider_timeout
        decision: Decision = decide(definition, row, steps, event, now=now, spread=spread, call_time=call_time)
    except Exception:  # one run must not hold up the others of its batch
        log.exception("a run cannot go on for now", extra={"saga": row["definition"], "run": str(row["id"])})
        if isinstance(event, Due):
            store.postpone(session, row["id"], now + LATER)
        return []
    if decision.ignored:  # a reply that comes late or twice changes nothing, not even a row
        log.info("ignored", extra={"run": str(row["id"]), "why": decision.ignored})
        return []
    store.apply(session, row, decision, now)
    spans.ended(row, steps, decision.steps)
    with acting(run_id=row["id"], customer_id=row["customer_id"], traceparent=row["traceparent"]):
        for kind, seq, data in decision.notes:
            log.info(kind, extra={"saga": row["definition"], "seq": seq, "data": data})
    return [store.envelope(row, step) for step in decision.send]


def _replied(reply: dict[str, Any]) -> Replied:
    return Replied(
        cmd_id=UUID(reply["cmd_id"]), outcome=reply["outcome"], reply=reply.get("reply") or {},
        error=reply.get("error"), retry_after=reply.get("retry_after"), waiting_for=reply.get("waiting_for"),
        traceparent=reply.get("traceparent") or "",
    )  # fmt: skip


class Stopping:
    """Whether this process was asked to stop."""

    asked = False


def stop(_signal: int, _frame: FrameType | None) -> None:
    """Signal handler: end the loop after its turn. What it raised could be lost: in a destructor nobody hears it."""
    Stopping.asked = True


def rest(seconds: float) -> None:
    """Do nothing for a while, or until this process is asked to stop."""
    until = time.monotonic() + seconds
    while not Stopping.asked and time.monotonic() < until:
        time.sleep(0.1)


def run(settings: Settings) -> None:
    """Run a coordinator until SIGTERM or SIGINT."""
    start_logging(settings.log_level, "coordinator")
    tracing.start(settings, "coordinator")
    bind(settings)
    flows.load()
    store.register_definitions()
    transport = transports.current()
    metering.start(settings, "coordinator", gauges.readings)
    gauges.warn_of_unknown_versions()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    next_wake = 0.0
    try:
        while not Stopping.asked:
            next_wake = _turn(transport, next_wake)
        log.info("coordinator stopped")
    finally:
        metering.stop()
        tracing.stop()


def _turn(transport: transports.Transport, next_wake: float) -> float:
    """One round: replies that have come, then timers about once a second. Trouble is logged and waited out."""
    heartbeat.beat("coordinator")
    try:
        tokens, replies = transport.receive_replies(BATCH, 0.5)
        if replies:
            handle(replies)
            transport.acknowledge_replies(tokens)
        if time.monotonic() >= next_wake:
            wake()
            audit.seal(tables.db, config.current().audit_key)
            next_wake = time.monotonic() + 0.75 + random.random() / 2
    except Exception:
        log.exception("the coordinator could not go on for now")
        rest(1.0)
    return next_wake
