"""The worker: performs the commands of one domain, each effect together with its inbox row in one commit.

A command that comes again is answered from the inbox; one that comes after its own compensation does nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from domains.kernel import config, failpoint, tracing
from domains.kernel.config import Settings
from domains.kernel.database import Database, bind, repeated
from domains.kernel.errors import DomainError, NotNow, Pending
from domains.kernel.messages import Exchange, acting, context
from domains.kernel.standing import refuse_owner
from domains.kernel.telemetry import start_logging
from domains.kernel.tenancy import Actor, Origin, Scope, work_as

from . import barrier, flows, housekeeping, spans, transports
from .answers import Reply, answer, refusal_of, technical
from .definition import action_named, converted, is_exchange
from .events import WITHDRAWN
from .exchanging import exchange_with

log = logging.getLogger(__name__)
FINAL = ("OK", "REJECTED", "NOOP", "CANCELLED")  # outcomes that stay for ever


def perform(database: Database, envelope: dict[str, Any]) -> Reply | None:
    """Perform one command in its domain's database and return the reply for the coordinator.

    None when there is nothing to say because a newer try of the same exchange has taken over.
    """
    with _working(database, envelope) as tell:
        reply = _replied(database, envelope)
        if reply and tracing.is_on():
            reply["traceparent"] = context().traceparent  # what follows from it is linked to the work
        outcome = reply["outcome"] if reply else "OVERTAKEN"
        tell(outcome=outcome, failed=outcome == "RETRY")
        return reply


@dataclass(frozen=True)
class Performer:
    """What a transport calls with a domain's commands: with one, or with those that came in one message."""

    database: Database

    def __call__(self, envelope: dict[str, Any]) -> Reply | None:
        return perform(self.database, envelope)

    def together(self, envelopes: list[dict[str, Any]]) -> list[Reply]:
        return perform_together(self.database, envelopes)


def perform_together(database: Database, envelopes: list[dict[str, Any]]) -> list[Reply]:
    """Perform commands of one domain in one commit, and return their replies.

    A command that fails takes back its own effect and no other's. When anything unforeseen happens to all of them, and
    for exchanges and further commands of the same run, each has a commit of its own.
    """
    together, alone = _parted(envelopes)
    replies: list[Reply] = []
    try:
        replies = _in_one_commit(database, together)
    except Exception as error:
        log.info("commands are done one by one", extra={"count": len(together), "why": type(error).__name__})
        alone = envelopes
    return replies + [reply for envelope in alone if (reply := perform(database, envelope)) is not None]


def _parted(envelopes: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that can share a transaction: of each run the first, so that none meets a barrier of its own kin."""
    first: dict[str, dict[str, Any]] = {}
    for envelope in envelopes:
        if not is_exchange(envelope["queue"]) and not envelope["name"].endswith(WITHDRAWN):
            first.setdefault(envelope["run_id"], envelope)
    together = list(first.values()) if len(first) > 1 else []
    return together, [one for one in envelopes if not any(one is other for other in together)]


def _in_one_commit(database: Database, envelopes: list[dict[str, Any]]) -> list[Reply]:
    if not envelopes:
        return []
    with database.begin() as session:
        entered = barrier.enter_all(session, database, envelopes)
        new = [one for one in envelopes if UUID(one["cmd_id"]) in entered]
        said = [(one, _done_or_not(session, database, one)) for one in new]
        barrier.keep_all(session, database, [(one, what) for one, what in said if what["outcome"] in FINAL])
        barrier.leave(session, database, [one for one, what in said if what["outcome"] not in FINAL])
        old = [one for one in envelopes if UUID(one["cmd_id"]) not in entered]
        said += [(one, barrier.said_before(session, database, one)) for one in old]
    for envelope in new:
        failpoint.reach(f"{envelope['name']}.after_commit")
    return [answer(envelope, **what) for envelope, what in said]


def _done_or_not(session: Session, database: Database, envelope: dict[str, Any]) -> dict[str, Any]:
    """Perform a command among others. A failure is its own, unless it is the database's: then it is everybody's."""
    with _working(database, envelope) as tell:
        try:
            said = _done(session, database, envelope, action_named(envelope["name"]))
        except SQLAlchemyError:
            raise
        except Exception as error:
            said = _trouble(envelope, error)
        if tracing.is_on():
            said["traceparent"] = context().traceparent  # what follows from it is linked to the work
        tell(outcome=said["outcome"], failed=said["outcome"] == "RETRY")
        return said


@contextmanager
def _working(database: Database, envelope: dict[str, Any]) -> Iterator[tracing.Tell]:
    """Who and what causes the work within the `with`, and its span."""
    ids: dict[str, Any] = {"run_id": UUID(envelope["run_id"]), "customer_id": UUID(envelope["customer_id"])}
    actor, trace, state = Actor(**envelope["actor"]), envelope["traceparent"], envelope.get("tracestate", "")
    step = {"step": envelope["name"], "flow": envelope.get("flow"), "phase": envelope["phase"]}
    facts = ids | step | {"domain": database.name, "attempt": envelope.get("attempt")}
    facts |= spans.work_facts(envelope, config.current().transport)
    ids["origin"] = msgspec.convert(envelope.get("origin") or {}, Origin, strict=False)  # none from an older release
    with (
        acting(actor=actor, request_id=envelope["request_id"], traceparent=trace, tracestate=state, **ids),
        tracing.span(envelope["name"], kind="consumer", parent=trace, link=trace, **facts) as tell,
    ):
        yield tell


def _replied(database: Database, envelope: dict[str, Any]) -> Reply | None:
    try:
        if envelope["name"].endswith(WITHDRAWN):
            return answer(envelope, **repeated(lambda: barrier.withdraw(database, envelope)))
        action = action_named(envelope["name"])
        if isinstance(action, Exchange):
            return exchange_with(database, envelope, action)
        return answer(envelope, **repeated(lambda: _command(database, envelope, action)))
    except Exception as error:
        return answer(envelope, **_trouble(envelope, error))


def _trouble(envelope: dict[str, Any], error: Exception) -> dict[str, Any]:
    """What is said of a command that has had no effect for now."""
    if isinstance(error, NotNow):
        return {"outcome": "RETRY", "retry_after": error.retry_after, "error": technical(error)}
    if isinstance(error, Pending):
        return {"outcome": "PENDING", "retry_after": error.retry_after, "waiting_for": error.waiting_for}
    log.error("step failed", extra={"step": envelope["name"]}, exc_info=error)
    return {"outcome": "RETRY", "error": technical(error)}


def _command(database: Database, envelope: dict[str, Any], action: Any) -> dict[str, Any]:
    """Barrier, effect and reply in one transaction."""
    with database.begin() as session:
        if not barrier.enter(session, database, envelope, "OK"):
            return barrier.said_before(session, database, envelope)
        said = _done(session, database, envelope, action)
        result = barrier.keep(session, database, envelope, said)
    failpoint.reach(f"{envelope['name']}.after_commit")
    return result


def _done(session: Session, database: Database, envelope: dict[str, Any], action: Any) -> dict[str, Any]:
    """The effect of a command that has passed the barrier."""
    if envelope["phase"] == "C" and not barrier.has_effect(session, database, envelope):
        return {"outcome": "NOOP"}
    said = _effect(session, action, envelope)
    failpoint.reach(f"{envelope['name']}.before_commit")
    return said


def _effect(session: Session, action: Any, envelope: dict[str, Any]) -> dict[str, Any]:
    """Run a command in a savepoint: a business no takes its effect back but is itself remembered."""
    try:
        with session.begin_nested():
            outputs = action(session, **converted(action, envelope["body"]))
    except DomainError as refusal:
        return {"outcome": "REJECTED", "error": refusal_of(refusal)}
    return {"outcome": "OK", "reply": msgspec.to_builtins(outputs) if outputs is not None else None}


def run(settings: Settings, domain: str, queue: str) -> None:
    """Run a worker for one queue of a domain until SIGTERM or SIGINT.

    The worker of the domain's own queue (not of its exchanges) also keeps house: events, audit seals, chores.
    """
    start_logging(settings.log_level, f"worker-{queue}")
    tracing.start(settings, f"worker-{queue}")
    bind(settings)
    refuse_owner(settings, (domain,))
    work_as(Scope.system("worker"))
    flows.load()
    database: Database = import_module(f"domains.{domain}.models").db
    transport = transports.current()
    if queue == domain:
        threading.Thread(target=housekeeping.keep_house, args=(database, transport), daemon=True).start()
    try:
        transport.listen(queue, Performer(database))
    finally:
        tracing.stop()
