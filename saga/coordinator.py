"""The coordinator: records each reply with what follows from it in one commit, and wakes runs whose timer has fired.

Recovery is a query on time, run for ever by every coordinator; no run belongs to a process that could die with it.
"""

from __future__ import annotations

import logging
import random
import signal
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import FrameType
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import clock, config, failpoint, heartbeat, metering, sealing, tracing
from domains.kernel.config import Settings
from domains.kernel.database import bind, is_away, repeated
from domains.kernel.messages import acting
from domains.kernel.standing import refuse_owner
from domains.kernel.telemetry import start_logging
from domains.kernel.tenancy import Scope, work_as

from . import clocks, flows, gauges, relay, spans, store, tables, transports
from .decide import decide
from .events import Decision, Due, Replied
from .writing import Decided

log = logging.getLogger(__name__)
BATCH, DUE = 64, 50  # replies recorded and runs woken in one commit, at most
LATER = timedelta(minutes=5)  # until a run that could not be decided is tried again


def handle(replies: list[dict[str, Any]]) -> int:
    """Record replies and what follows from them, in one commit, then send the commands. Returns how many were sent.

    A reply may come late, twice or never; one that its run does not wait for is noted and dropped. One that means
    nothing to this process (its run is of a newer version), or that cannot be recorded, is left to the timer, which
    asks for it again.
    """
    try:
        count = _sent(repeated(lambda: _recorded(replies)))
        failpoint.reach("coordinator.sent")
        return count
    except Exception as error:
        if is_away(error):
            raise
        log.exception("replies could not be recorded together", extra={"count": len(replies)})
    return sum(_alone(_record_one, reply, reply["run_id"]) for reply in replies)


def _recorded(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    events = [(UUID(reply["run_id"]), _replied(reply)) for reply in replies]
    sends: list[dict[str, Any]] = []
    with tables.db.begin() as session:
        while events:
            # One event a run at a time: the next one is decided on rows that this one has changed.
            first = dict(reversed(events))
            rows = store.locked_runs(session, list(first))
            sends += _decided(session, rows, first)
            events = [(run_id, event) for run_id, event in events if event is not first[run_id]]
        failpoint.reach("coordinator.before_commit")
    failpoint.reach("coordinator.after_commit")
    return sends


def wake(limit: int = DUE) -> int:
    """Act on runs whose timer has fired: send again what was not answered. Returns how many runs were woken."""
    claimed: list[UUID] = []
    try:
        sends = repeated(lambda: _woken(limit, claimed))
    except Exception as error:
        if is_away(error) or not claimed:
            raise
        log.exception("runs could not be woken together", extra={"count": len(claimed)})
        return sum(_alone(_wake_one, run_id, run_id) for run_id in claimed)
    if sends:
        failpoint.reach("coordinator.woken")
        _sent(sends)
        failpoint.reach("coordinator.woken_sent")
    return len(claimed)


def _woken(limit: int, claimed: list[UUID], only: UUID | None = None) -> list[dict[str, Any]]:
    claimed.clear()
    with tables.db.begin() as session:
        rows = store.claim_due(session, limit, only)
        claimed += [row["id"] for row in rows]
        return _decided(session, rows, dict.fromkeys(claimed, Due()))


def _record_one(reply: dict[str, Any]) -> int:
    return _sent(_recorded([reply]))


def _wake_one(run_id: UUID) -> int:
    try:
        _sent(_woken(1, [], run_id))
    except Exception:
        with tables.db.begin() as session:
            store.postpone(session, run_id, clock.now(session) + LATER)
        raise
    return 1


def _alone(work: Callable[[Any], int], subject: Any, run_id: Any) -> int:
    """Do for one run what could not be done for many together; its trouble is logged and holds up no other."""
    try:
        return work(subject)
    except Exception as error:
        if is_away(error):
            raise
        log.exception("a run cannot go on for now", extra={"run": str(run_id)})
        return 0


def _sent(commands: list[dict[str, Any]]) -> int:
    if commands:
        transports.current().send_commands(commands)
    return len(commands)


def _decided(session: Session, rows: list[Any], events: Mapping[UUID, Replied | Due]) -> list[dict[str, Any]]:
    """Decide what one event each means for some runs, write it all at once, and return the commands to send."""
    if not rows:
        return []
    steps, now = store.steps_and_time(session, [row["id"] for row in rows])
    sends, decided = [], list[Decided]()
    for row in rows:
        facts = {"run_id": row["id"], "flow": row["definition"], "customer_id": row["customer_id"]}
        event = events[row["id"]]
        event_name = event.outcome if isinstance(event, Replied) else "due"
        facts |= {"event": event_name, "saga.id": row["id"], "saga.type": row["definition"]}
        work, state = event.traceparent if isinstance(event, Replied) else "", row["tracestate"] or ""
        with (
            acting(tracestate=state),
            tracing.span(f"decide {row['definition']}", parent=row["traceparent"], link=work, **facts) as tell,
        ):
            decision = _decision(session, row, steps[row["id"]], event, now)
            if decision is None:
                continue
            if decision.ignored:  # a reply that comes late or twice changes nothing, not even a row
                log.info("ignored", extra={"run": str(row["id"]), "why": decision.ignored})
                continue
            decided.append((row, decision))
            timed = clocks.at_its_time(session, row) if decision.send else row
            sends += [store.envelope(timed, step) for step in decision.send]
            tell(sends=" ".join(sorted({step["name"] for step in decision.send})))
    store.apply_all(session, decided, now)
    for row, decision in decided:
        _tell(row, steps[row["id"]], decision)
    return sends


def _decision(session: Session, row: Any, steps: list[Any], event: Replied | Due, now: Any) -> Decision | None:
    spread = random.random()  # scatters retries only; nothing is decided by it
    try:
        definition, call_time = store.definition_of(row), config.current().provider_timeout
        return decide(definition, row, steps, event, now=now, spread=spread, call_time=call_time)
    except Exception:  # one run must not hold up the others of its batch
        log.exception("a run cannot go on for now", extra={"saga": row["definition"], "run": str(row["id"])})
        if isinstance(event, Due):
            store.postpone(session, row["id"], now + LATER)
        return None


def _tell(row: Any, steps: list[Any], decision: Decision) -> None:
    """Say what was decided, in the trace and in the log, once it is written down."""
    with acting(tracestate=row["tracestate"] or ""):
        spans.ended(row, steps, decision.steps)
    with acting(run_id=row["id"], customer_id=row["customer_id"], traceparent=row["traceparent"]):
        for kind, seq, data in decision.notes:
            log.info(kind, extra={"saga": row["definition"], "seq": seq, "data": data})


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
    refuse_owner(settings, ("saga",))
    work_as(Scope.system("coordinator"))
    flows.load()
    transport = transports.current()
    metering.start(settings, "coordinator", gauges.readings)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    next_wake = 0.0
    try:
        while not Stopping.asked and not _versions_compared():
            rest(1.0)
        while not Stopping.asked:
            next_wake = _turn(transport, next_wake)
        log.info("coordinator stopped")
    finally:
        metering.stop()
        tracing.stop()


def _versions_compared() -> bool:
    """Compare this process's flows with those of the database; False while the database is away."""
    heartbeat.beat("coordinator")
    try:
        store.register_definitions()
        gauges.warn_of_unknown_versions()
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("the coordinator waits for its database", exc_info=error)
        return False
    return True


def _turn(transport: transports.Transport, next_wake: float) -> float:
    """One round: replies that have come, then timers about once a second. Trouble is logged and waited out."""
    heartbeat.beat("coordinator")
    try:
        tokens, replies = transport.receive_replies(BATCH, 0.5)
        if replies:
            failpoint.reach("coordinator.received")
            handle(replies)
            transport.acknowledge_replies(tokens)
        if time.monotonic() >= next_wake:
            more = wake(DUE) == DUE  # after an outage: those behind them have waited as long
            sealing.seal(tables.db, config.current().audit_key)
            relay.relay(tables.db, transport)
            next_wake = time.monotonic() + (0 if more else 0.75 + random.random() / 2)
    except Exception:
        log.exception("the coordinator could not go on for now")
        rest(1.0)
    return next_wake
