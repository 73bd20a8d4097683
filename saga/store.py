"""The runs of all sagas: started in one commit, read by people and programs as operations.

A command is durable here until its reply has been recorded; the queue between may lose, double or delay it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock, config, failpoint, tracing
from domains.kernel.columns import Instant
from domains.kernel.database import claimed, insert_new, locked, new_id
from domains.kernel.errors import Invalid, NotFound
from domains.kernel.messages import acting, context
from domains.kernel.paging import Page, checked_limit, decode_cursor, encode_cursor
from domains.kernel.sets import write_all
from domains.kernel.telemetry import traceparent
from domains.kernel.tenancy import SYSTEM, Actor, Scope

from . import clocks, spans, transports
from .decide import decide
from .definition import Saga, known, of_the_house, saga_of
from .events import FINAL, Started
from .tables import Run, db, definition, run, run_step
from .writing import apply as apply
from .writing import apply_all as apply_all
from .writing import of_events, of_steps


def start(
    saga: Saga,
    payload: Any,
    *,
    key: str,
    label: str,
    resource: tuple[str, UUID],
    request_digest: str = "",
    actor: Actor = SYSTEM,
    waiting_for: str | None = None,
) -> Run:
    """Start a saga, durably, in one commit, and hand its first command to the transport.

    `payload` is an instance of the saga's payload with `customer_id` and `reseller_id`; `key` makes the start
    repeatable: the same key finds the run that is there, and with another `request_digest` it is refused.
    `label` names the run for people, without words of any language; `resource` is (kind, id) of what it is about;
    `waiting_for` is what it is known to wait for from the beginning.
    """
    run_id = new_id()
    facts = {"run_id": run_id, "flow": saga.name, "customer_id": payload.customer_id}
    with acting(actor=actor), tracing.span(f"run {saga.name}", **facts), db.begin() as session:
        now = clock.now(session)
        fresh = _new_run(session, saga, payload, run_id, now) | {
            "business_key": key, "request_digest": request_digest, "label": label[:300],
            "resource_kind": resource[0], "resource_id": resource[1],
        }  # fmt: skip
        call_time = config.current().provider_timeout
        decision = decide(saga, fresh, [], Started(), now=now, spread=0.0, call_time=call_time)
        values = fresh | decision.run | {"rev": 1, "waiting_for": waiting_for}
        if not insert_new(session, run, values, "business_key"):
            return _found_again(session, key, request_digest)
        write_all(session, [*of_steps([(fresh, decision)]), of_events([(fresh, decision)], now)])
    failpoint.reach("start.committed")
    transports.current().send_commands([envelope(values, row) for row in decision.send])
    return Run(**values)


def repeated(key: str, request_digest: str = "") -> Run | None:
    """The run that an earlier request with this key has started, if any; refused when that was another request.

    Asked before a request is checked, because by now the same request might be refused.
    """
    with db.begin_read() as session:
        known = session.execute(run.select().where(run.c.business_key == key)).first()
        return _found_again(session, key, request_digest) if known else None


def _new_run(session: Session, saga: Saga, payload: Any, run_id: UUID, now: datetime) -> dict[str, Any]:
    cause = context()
    by_itself = cause.actor == SYSTEM
    origin = clocks.of_its_tenant(session, cause.origin, payload.customer_id) if by_itself else cause.origin
    return {
        "id": run_id, "customer_id": payload.customer_id, "reseller_id": payload.reseller_id,
        "definition": saga.name, "definition_version": saga.version, "status": "running", "phase": "F", "seq": 0,
        "pivoted": False, "paused": 0, "rev": 0, "payload": msgspec.to_builtins(payload), "outputs": {},
        "waiting_for": None, "attention": None, "error": None, "actor": msgspec.to_builtins(cause.actor),
        "origin": msgspec.to_builtins(origin),
        "request_id": cause.request_id, "traceparent": cause.traceparent or traceparent(),
        "tracestate": cause.tracestate or None,
        "deadline_at": now + saga.deadline if saga.deadline else None, "proposed": None, "next_at": now,
        "created_at": now, "updated_at": now, "ended_at": None,
    }  # fmt: skip


def _found_again(session: Session, key: str, request_digest: str) -> Run:
    row = session.execute(run.select().where(run.c.business_key == key)).one()
    if row.request_digest != request_digest:
        raise Invalid(
            "This Idempotency-Key was used for another request: use a new key for a new request.",
            code="idempotency_key_reused",
        )
    return _as_run(row, replayed=True)


def _as_run(row: Row[Any], *, replayed: bool = False) -> Run:
    return Run(**row._mapping, replayed=replayed)


def envelope(row: Any, step: Any) -> dict[str, Any]:
    """A command as it travels: plain JSON, with the ids that let a worker know it again.

    `again_after` says in how many seconds it is sent again: a transport need not keep it for much longer.
    """
    return {
        "v": 1, "cmd_id": str(step["cmd_id"]), "name": step["name"], "queue": step["queue"], "run_id": str(row["id"]),
        "seq": step["seq"], "phase": step["phase"], "gen": step["gen"], "send_no": step["send_no"],
        "attempt": step["attempt"], "customer_id": str(row["customer_id"]), "actor": row["actor"],
        "origin": row["origin"],
        "request_id": row["request_id"], "flow": row["definition"], "version": row["definition_version"],
        "traceparent": spans.sending(row, step, config.current().transport), "tracestate": row["tracestate"] or "",
        "body": step["body"], "again_after": step["wait"],
    }  # fmt: skip


# ---- for the coordinator


def locked_runs(session: Session, run_ids: list[UUID]) -> list[Any]:
    """Lock runs in the order of their ids (so that two coordinators cannot deadlock) and return their rows."""
    query = run.select().where(run.c.id.in_(sorted(run_ids))).order_by(run.c.id)
    return [row._mapping for row in session.execute(locked(query, run))]


def claim_due(session: Session, limit: int, only: UUID | None = None) -> list[Any]:
    """Lock up to `limit` runs whose timer has fired, oldest first, passing over those another coordinator holds.

    Only runs of definitions this process knows: an older coordinator leaves newer ones alone. `only` names one run.
    """
    mine = or_(*((run.c.definition == name) & (run.c.definition_version == version) for name, version in known()))
    due = run.c.next_at <= bindparam("now", clock.now(session), type_=Instant)
    query: Select[Any] = run.select().where(due, run.c.paused == 0, mine)
    if only is not None:
        query = query.where(run.c.id == only)
    return [row._mapping for row in session.execute(claimed(query.order_by(run.c.next_at).limit(limit), run))]


def postpone(session: Session, run_id: UUID, until: datetime) -> None:
    """Let a run's timer fire later, unless it has ended meanwhile and has none any more."""
    session.execute(run.update().where(run.c.id == run_id, run.c.ended_at.is_(None)).values(next_at=until))


def steps_of(session: Session, run_ids: list[UUID]) -> dict[UUID, list[Any]]:
    """All step rows of some runs, by run."""
    return steps_and_time(session, run_ids)[0]


def steps_and_time(session: Session, run_ids: list[UUID]) -> tuple[dict[UUID, list[Any]], datetime]:
    """The same together with the database's time, for who has locked the runs."""
    found: dict[UUID, list[Any]] = {run_id: [] for run_id in run_ids}
    order = (run_step.c.run_id, run_step.c.seq, run_step.c.gen)
    rows, now = clock.with_time(session, run_step.select().where(run_step.c.run_id.in_(run_ids)).order_by(*order))
    for row in rows:
        found[row.run_id].append(row._mapping)
    return found, now


def definition_of(row: Any) -> Saga:
    """The saga a run's row was started from."""
    return saga_of(row["definition"], row["definition_version"])


def register_definitions() -> None:
    """Keep the shape of each declared saga; ends the process, told, when a version has another one than it had.

    Runs are pinned to a version: one that was changed would take them on a way they were not begun on.
    """
    with db.begin() as session:
        now = clock.now(session)
        for name, version in known():
            key, shape = f"{name}/{version}", saga_of(name, version).shape
            if insert_new(session, definition, {"key": key, "shape": shape, "at": now}, "key"):
                continue
            kept = session.execute(select(definition.c.shape).where(definition.c.key == key)).scalar_one()
            if kept != shape:
                raise ChangedDefinition(
                    f"{key} was changed: give it a new version, and keep the old one beside it until no run of it is"
                    f" under way.\nIt was:\n{kept}\nIt is:\n{shape}"
                )


class ChangedDefinition(SystemExit):
    """A saga's definition was changed under its old version; the text shows both."""


# ---- for the scheduler


def unfinished(session: Session, definition: str, *, but: str = "") -> int:
    """How many runs of a saga have not ended, not counting those of the status `but`."""
    left = run.c.status.not_in((*FINAL, but))
    query = select(func.count()).select_from(run).where(run.c.definition == definition, left)
    return session.scalar(query) or 0


def unfinished_of(session: Session, definition: str, resource_ids: list[UUID]) -> set[UUID]:
    """Those of some things about which a run of a saga has not ended."""
    about = (run.c.definition == definition, run.c.resource_id.in_(resource_ids), run.c.status.not_in(FINAL))
    return set(session.scalars(select(run.c.resource_id).where(*about)))


def started_since(
    session: Session, definition: str, resource_ids: list[UUID], since: datetime
) -> dict[UUID, list[Run]]:
    """The runs of a saga about each of some things that have not ended or were started since, oldest first."""
    lately = or_(run.c.status.not_in(FINAL), run.c.created_at >= since)
    query = run.select().where(run.c.definition == definition, run.c.resource_id.in_(resource_ids), lately)
    found: dict[UUID, list[Run]] = {resource_id: [] for resource_id in resource_ids}
    for row in session.execute(query.order_by(run.c.id)):
        found[row.resource_id].append(_as_run(row))
    return found


def tries(session: Session, key: str) -> list[Run]:
    """The runs that were started under a key and, as it came to nothing, under `key/2` and so on, oldest first."""
    again = run.c.business_key.startswith(f"{key}/", autoescape=True)
    query = run.select().where(or_(run.c.business_key == key, again))
    return [_as_run(row) for row in session.execute(query.order_by(run.c.id))]


def by_keys(session: Session, keys: list[str]) -> dict[str, Run]:
    """The runs that were started under some keys, by key."""
    query = run.select().where(run.c.business_key.in_(keys))
    return {row.business_key: _as_run(row) for row in session.execute(query)} if keys else {}


def ended_before(session: Session, run_ids: list[UUID], moment: datetime) -> set[UUID]:
    """Those of some runs that ended before a time."""
    query = select(run.c.id).where(run.c.id.in_(run_ids), run.c.ended_at < moment)
    return set(session.scalars(query))


# ---- for people and programs


def get(session: Session, scope: Scope, run_id: UUID) -> Run:
    """One run of the caller's; NotFound for any other."""
    row = session.execute(run.select().where(run.c.id == run_id, scope.covers(run.c))).one_or_none()
    if row is None:
        raise NotFound("There is no such operation.")
    return _as_run(row)


def find_by_resource(session: Session, scope: Scope, resource_id: UUID) -> Run | None:
    """The newest run that makes or changes a thing, if the caller may see it."""
    query = run.select().where(run.c.resource_id == resource_id, scope.covers(run.c))
    row = session.execute(query.order_by(run.c.id.desc()).limit(1)).one_or_none()
    return _as_run(row) if row is not None else None


def list_runs(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    active: bool | None = None,
    definition: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Run]:
    """The caller's runs, newest first; `active` keeps those that have (or have not) ended.

    Customers and resellers are not shown those of the house.
    """
    filters = {"customer_id": customer_id, "active": active, "definition": definition}
    query = run.select().where(scope.covers(run.c))
    if scope.kind in ("customer", "reseller"):
        query = query.where(run.c.definition.not_in(of_the_house()))
    if customer_id is not None:
        query = query.where(run.c.customer_id == customer_id)
    if active is not None:
        query = query.where(run.c.status.not_in(FINAL) if active else run.c.status.in_(FINAL))
    if definition is not None:
        query = query.where(run.c.definition == definition)
    if cursor:
        query = query.where(run.c.id < UUID(bytes=decode_cursor(cursor, filters)))
    rows = session.execute(query.order_by(run.c.id.desc()).limit(checked_limit(limit) + 1)).all()
    items = [_as_run(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].id.bytes, filters) if len(rows) > limit else None)
