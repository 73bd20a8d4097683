"""A step that asks the outside: two commits with the call between them, fenced against an older try of the same."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from domains.kernel import failpoint, tracing
from domains.kernel.database import Database
from domains.kernel.errors import DomainError, Refused
from domains.kernel.messages import Exchange

from . import barrier
from .answers import Reply, answer, refusal_of
from .definition import converted

log = logging.getLogger(__name__)


def exchange_with(database: Database, envelope: dict[str, Any], exchange: Exchange) -> Reply | None:
    """Intent, call, answer: two commits with the outside between them, fenced against an older try of the same."""
    arguments = converted(exchange, envelope["body"])
    with database.begin() as session:
        fence, said = _intend(session, database, envelope, exchange, arguments)
    if said is not None:
        return answer(envelope, **said)
    request, asked_before = fence.request, fence.number > 1
    failpoint.reach(f"{exchange.name}.before_call")
    try:
        with tracing.span(f"call {exchange.name}", kind="client", asked_before=asked_before):
            told, refusal = exchange.call(request, asked_before), None
    except DomainError as no:
        told, refusal = None, no
    failpoint.reach(f"{exchange.name}.after_call")
    with database.begin() as session:
        if barrier.stored(session, database, envelope, envelope["phase"]).fence != fence.number:
            log.info("a newer try has taken over", extra={"step": exchange.name})
            return None
        said = _settled(session, exchange, arguments, told, refusal)
        return answer(envelope, **barrier.keep(session, database, envelope, said))


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
        said = {"outcome": "REJECTED", "error": refusal_of(refusal)}
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
    return {"outcome": "REJECTED", "error": refusal_of(refusal)}


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
