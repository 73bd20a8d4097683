"""What travels between domains: commands and their replies, exchanges with the outside, and events about the past.

The database is the queue and the bus only rings its bell: everything here may be lost, doubled, late or out of order
without an effect being lost or doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from . import clock
from .database import database_of, insert_new, new_id
from .tenancy import NOWHERE, SYSTEM, Actor, Caller, Origin


@dataclass(frozen=True)
class Context:
    """Who and what caused the work at hand; travels from the request through every command, event and log line."""

    actor: Actor = SYSTEM
    request_id: str = ""
    run_id: UUID | None = None
    customer_id: UUID | None = None
    traceparent: str = ""
    tracestate: str = ""  # what the outside's own tracing wants to be told of this trace again
    origin: Origin = NOWHERE


_NOBODY = Context()
_context: ContextVar[Context] = ContextVar("context", default=_NOBODY)


def context() -> Context:
    """The context of the work at hand."""
    return _context.get()


@contextmanager
def acting(**known: Any) -> Iterator[None]:
    """Add what is known (fields of Context) for the work within the `with`.

    Whose clock runs ahead is known with the origin, and holds for the same work.
    """
    cause = replace(_context.get(), **known)
    token = _context.set(cause)
    try:
        with clock.ahead_by(cause.origin.ahead or 0):
            yield
    finally:
        _context.reset(token)


def cause_of(caller: Caller) -> dict[str, Any]:
    """What a request's caller adds to the context of the work."""
    return {"actor": caller.actor, "customer_id": caller.customer_id, "origin": caller.origin(context().origin)}


@dataclass(frozen=True)
class Event:
    """A past fact that a domain tells the others. Its name in the past tense is its type; changes are additive only.

    `version` is the aggregate's version after the change: who reacts skips what is older than what it knows.
    """

    version: int

    @property
    def aggregate_id(self) -> UUID:
        """The id of the thing the fact is about: the first field after `version` that ends in `_id`."""
        name = next(name for name in self.__dataclass_fields__ if name.endswith("_id"))
        return getattr(self, name)  # type: ignore[no-any-return]


def publish(session: Session, fact: Event) -> None:
    """Write an event into the domain's outbox, in the transaction of the change it tells about."""
    database = database_of(session)
    row = {
        "event_id": new_id(),
        "type": f"{database.name}.{type(fact).__name__}",
        "aggregate_id": fact.aggregate_id,
        "version": fact.version,
        "body": msgspec.to_builtins(fact),
        "traceparent": context().traceparent or None,
        "at": clock.now(session),
    }
    # Inline, as nothing may come back: who adds events is not let read them (`policies.INTERNAL`).
    session.execute(database.outbox.insert().inline().values(row))


def fitted(function: Callable[..., Any], values: dict[str, Any]) -> dict[str, Any]:
    """Pick a function's keyword arguments out of JSON values and turn them into the types it declares."""
    hints = get_type_hints(function)
    return {name: msgspec.convert(values[name], hint, strict=False) for name, hint in hints.items() if name in values}


Reaction = Callable[[Session, dict[str, Any]], None]
_reactions: dict[str, dict[str, Reaction]] = {}


def on(event_type: str) -> Callable[[Reaction], Reaction]:
    """Register a function of a domain's `reactions` for an event type such as `accounts.AccountOpened`."""

    def register(reaction: Reaction) -> Reaction:
        _reactions.setdefault(reaction.__module__.split(".")[1], {})[event_type] = reaction
        return reaction

    return register


def reactions_of(domain: str) -> dict[str, Reaction]:
    """A domain's reactions by event type; its `reactions` module must have been imported."""
    return _reactions.get(domain, {})


def react(session: Session, domain: str, event: dict[str, Any]) -> bool:
    """Run a domain's reaction to one event once. False when it was done before or concerns nobody here.

    `event` is {event_id, type, version, body, …} as the relay sends it.
    """
    reaction = reactions_of(domain).get(event["type"])
    if reaction is None:
        return False
    event_id = UUID(event["event_id"])
    row = {"event_id": event_id, "at": clock.now(session)}
    if not insert_new(session, database_of(session).consumed, row, "event_id"):
        return False
    reaction(session, event["body"])
    return True


@dataclass(frozen=True)
class Exchange:
    """A step that asks the outside: what to ask is recorded, the call is made outside any transaction, then its answer.

    `intend(session, **arguments) -> request` records the intent and returns what `call` needs; it may raise a
    DomainError, which is the step's clear no as long as the outside was never asked. `call(request, asked_before) ->
    answer` talks to the outside under our id and, when `asked_before`, looks up what became of the earlier try before
    asking again; it raises Refused for a clear no, NotNow when nothing was done or the outcome is unknown, Pending
    while the outside is at work. `record(session, answer, **arguments) -> outputs` stores the answer; it cannot refuse
    what the outside has granted, so whatever it raises is asked again. `refuse(session, refusal, **arguments)` stores a
    clear no. All three session functions run in the domain's database.
    """

    name: str  # "services.send_order"
    intend: Callable[..., Any]
    call: Callable[[Any, bool], Any]
    record: Callable[..., Any]
    refuse: Callable[..., None] | None = None
