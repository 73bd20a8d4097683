"""The worker: performs the commands of one domain, each effect together with its inbox row in one commit.

A command that comes again is answered from the inbox; one that comes after its own compensation does nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from domains.kernel import audit, config, failpoint, tracing
from domains.kernel.config import Settings
from domains.kernel.database import Database, bind, repeated
from domains.kernel.errors import DomainError, Locked, NotNow, Pending, Refused
from domains.kernel.messages import Exchange, acting, context
from domains.kernel.telemetry import start_logging
from domains.kernel.tenancy import Actor

from . import barrier, flows, relay, spans, transports
from .definition import action_named, converted
from .events import WITHDRAWN

log = logging.getLogger(__name__)
Reply = dict[str, Any]


def perform(database: Database, envelope: dict[str, Any]) -> Reply | None:
    """Perform one command in its domain's database and return the reply for the coordinator.

    None when there is nothing to say because a newer try of the same exchange has taken over.
    """
    ids = {"run_id": UUID(envelope["run_id"]), "customer_id": UUID(envelope["customer_id"])}
    actor, trace, state = Actor(**envelope["actor"]), envelope["traceparent"], envelope.get("tracestate", "")
    step = {"step": envelope["name"], "flow": envelope.get("flow"), "phase": envelope["phase"]}
    facts = ids | step | {"domain": database.name, "attempt": envelope.get("attempt")}
    facts |= spans.work_facts(envelope, config.current().transport)
    with (
        acting(actor=actor, request_id=envelope["request_id"], traceparent=trace, tracestate=state, **ids),
        tracing.span(envelope["name"], kind="consumer", parent=trace, link=trace, **facts) as tell,
    ):
        reply = _replied(database, envelope)
        if reply and tracing.is_on():
            reply["traceparent"] = context().traceparent  # what follows from it is linked to the work
        outcome = reply["outcome"] if reply else "OVERTAKEN"
        tell(outcome=outcome, failed=outcome == "RETRY")
        return reply


def _replied(database: Database, envelope: dict[str, Any]) -> Reply | None:
    try:
        if envelope["name"].endswith(WITHDRAWN):
            return _answer(envelope, **repeated(lambda: barrier.withdraw(database, envelope)))
        action = action_named(envelope["name"])
        if isinstance(action, Exchange):
            return _exchange(database, envelope, action)
        return _answer(envelope, **repeated(lambda: _command(database, envelope, action)))
    except NotNow as reason:
        return _answer(envelope, outcome="RETRY", retry_after=reason.retry_after, error=_technical(reason))
    except Pending as pending:
        waits = {"retry_after": pending.retry_after, "waiting_for": pending.waiting_for}
        return _answer(envelope, outcome="PENDING", **waits)
    except Exception as error:
        log.exception("step failed", extra={"step": envelope["name"]})
        return _answer(envelope, outcome="RETRY", error=_technical(error))


def _answer(envelope: dict[str, Any], **said: Any) -> Reply:
    return {key: envelope[key] for key in ("cmd_id", "run_id", "seq", "phase")} | said


def _technical(error: Exception) -> dict[str, Any]:
    if isinstance(error, Locked):
        return {**_refusal(error.refusal), "locked": True}
    return {"code": type(error).__name__, "detail": str(error)[:500]}


def _refusal(error: DomainError) -> dict[str, Any]:
    said = {"code": error.code, "detail": str(error.detail)}
    if error.detail.values:  # so that a surface can say it in the reader's language
        said |= {"text": error.detail.text, "values": msgspec.to_builtins(error.detail.values, enc_hook=str)}
    return said


def _command(database: Database, envelope: dict[str, Any], action: Any) -> dict[str, Any]:
    """Barrier, effect and reply in one transaction."""
    with database.begin() as session:
        if not barrier.enter(session, database, envelope, "OK"):
            return barrier.said_before(session, database, envelope)
        if envelope["phase"] == "C" and not barrier.has_effect(session, database, envelope):
            return barrier.keep(session, database, envelope, {"outcome": "NOOP"})
        said = _effect(session, action, envelope)
        failpoint.reach(f"{envelope['name']}.before_commit")
        result = barrier.keep(session, database, envelope, said)
    failpoint.reach(f"{envelope['name']}.after_commit")
    return result


def _effect(session: Session, action: Any, envelope: dict[str, Any]) -> dict[str, Any]:
    """Run a command in a savepoint: a business no takes its effect back but is itself remembered."""
    try:
        with session.begin_nested():
            outputs = action(session, **converted(action, envelope["body"]))
    except DomainError as refusal:
        return {"outcome": "REJECTED", "error": _refusal(refusal)}
    return {"outcome": "OK", "reply": msgspec.to_builtins(outputs) if outputs is not None else None}


def _exchange(database: Database, envelope: dict[str, Any], exchange: Exchange) -> Reply | None:
    """Intent, call, answer: two commits with the outside between them, fenced against an older try of the same."""
    arguments = converted(exchange, envelope["body"])
    with database.begin() as session:
        fence, said = _intend(session, database, envelope, exchange, arguments)
    if said is not None:
        return _answer(envelope, **said)
    request, asked_before = fence.request, fence.number > 1
    failpoint.reach(f"{exchange.name}.before_call")
    try:
        with tracing.span(f"call {exchange.name}", kind="client", asked_before=asked_before):
            answer, refusal = exchange.call(request, asked_before), None
    except DomainError as no:
        answer, refusal = None, no
    failpoint.reach(f"{exchange.name}.after_call")
    with database.begin() as session:
        if barrier.stored(session, database, envelope, envelope["phase"]).fence != fence.number:
            log.info("a newer try has taken over", extra={"step": exchange.name})
            return None
        said = _settled(session, exchange, arguments, answer, refusal)
        return _answer(envelope, **barrier.keep(session, database, envelope, said))


class _Fence(msgspec.Struct):
    """The number of this try and what to ask."""

    number: int
    request: Any


def _intend(
    session: Session, database: Database, envelope: dict[str, Any], exchange: Exchange, arguments: dict[str, Any]
) -> tuple[_Fence, dict[str, Any] | None]:
    inbox, number = database.inbox, 1
    if not barrier.enter(session, database, envelope, "STARTED"):
        row = barrier.stored(session, database, envelope, envelope["phase"])
        if row.outcome != "STARTED":
            return _Fence(row.fence, None), {"outcome": row.outcome, **(row.reply or {})}
        number = row.fence + 1
        session.execute(inbox.update().where(inbox.c.cmd_id == row.cmd_id).values(fence=number))
    try:
        with session.begin_nested():
            request = exchange.intend(session, **_taken(exchange.intend, arguments))
    except DomainError as refusal:
        if number > 1:  # the outside was asked before, and may have said yes: ours is not the no that counts
            raise
        said = {"outcome": "REJECTED", "error": _refusal(refusal)}
        return _Fence(number, None), barrier.keep(session, database, envelope, said)
    return _Fence(number, request), None


def _settled(
    session: Session, exchange: Exchange, arguments: dict[str, Any], answer: Any, refusal: DomainError | None
) -> dict[str, Any]:
    """Store the outside's answer. Only the outside can say no here: its yes is not undone by our trouble with it."""
    if refusal is None:
        outputs = exchange.record(session, answer, **_taken(exchange.record, arguments))
        return {"outcome": "OK", "reply": msgspec.to_builtins(outputs) if outputs is not None else None}
    if exchange.refuse is not None:
        refusal = _kept(session, exchange, arguments, refusal)
    return {"outcome": "REJECTED", "error": _refusal(refusal)}


def _kept(session: Session, exchange: Exchange, arguments: dict[str, Any], refusal: DomainError) -> DomainError:
    """Store the outside's clear no. One in words that a database does not take (they are not ours) is still a no."""
    assert exchange.refuse is not None
    told = _taken(exchange.refuse, arguments)
    try:
        with session.begin_nested():
            exchange.refuse(session, refusal, **told)
    except DataError:
        log.exception("a refusal in words that cannot be stored", extra={"step": exchange.name})
        refusal = Refused("It was refused, for a reason that we cannot read.", code="reason_unreadable")
        exchange.refuse(session, refusal, **told)
    return refusal


def _taken(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that one function of an exchange takes."""
    return {name: value for name, value in arguments.items() if name in function.__annotations__}


def run(settings: Settings, domain: str, queue: str) -> None:
    """Run a worker for one queue of a domain until SIGTERM or SIGINT.

    The worker of the domain's own queue (not of its exchanges) also keeps house: events, audit seals, chores.
    """
    start_logging(settings.log_level, f"worker-{queue}")
    tracing.start(settings, f"worker-{queue}")
    bind(settings)
    flows.load()
    database: Database = import_module(f"domains.{domain}.models").db
    transport = transports.current()
    if queue == domain:
        housekeeping = threading.Thread(target=keep_house, args=(database, transport), daemon=True)
        housekeeping.start()
    try:
        transport.listen(queue, lambda envelope: perform(database, envelope))
    finally:
        tracing.stop()


def keep_house(database: Database, transport: transports.Transport) -> None:
    """Relay and react to events, seal the audit trail and do the domain's chores, for ever."""
    chores = _chores(database)
    due = dict.fromkeys(range(len(chores)), 0.0)
    while True:
        duties: list[Callable[[], Any]] = []
        for number, (every, chore) in enumerate(chores):
            if time.monotonic() >= due[number]:
                due[number] = time.monotonic() + every
                duties.append(chore)
        duties.append(lambda: relay.relay(database, transport))
        duties.append(lambda: relay.catch_up(database, transport, wait=0.2))
        if [duty for duty in duties if not _attempted(duty)]:
            time.sleep(1.0)


def _attempted(duty: Callable[[], Any]) -> bool:
    """Do one duty; its trouble is logged and holds up no other (a full bus must still be read from)."""
    try:
        duty()
    except Exception:
        log.exception("housekeeping could not go on for now")
        return False
    return True


def _chores(database: Database) -> list[tuple[float, Callable[[], Any]]]:
    """What a domain's worker does on the side, and how often (seconds)."""
    own: list[tuple[float, Callable[[], Any]]] = [(0.5, lambda: audit.seal(database, config.current().audit_key))]
    relay.load_reactions(database.name)
    name = f"domains.{database.name}.exchanges"
    if find_spec(name) is not None:
        own += [(chore.every, chore.run) for chore in getattr(import_module(name), "CHORES", ())]
    return own
