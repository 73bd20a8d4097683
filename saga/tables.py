"""The coordinator's own database: runs, their steps, and everything that happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Table, UniqueConstraint

from domains.kernel.columns import Count, Flag, Id, Instant, Json, LongText, Serial, Text
from domains.kernel.database import Database
from domains.kernel.tables import idempotency, outbox

from .events import FINAL

db = Database("saga", domain=False, audited=True)
db.idempotency = idempotency(db.metadata)  # for what people and programs do to runs
db.outbox = outbox(db.metadata)  # for what is audited of that

run = Table(
    "run", db.metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Id, nullable=False),
    Column("reseller_id", Id),
    Column("definition", Text(60), nullable=False),
    Column("definition_version", Count, nullable=False),
    Column("business_key", Text(100), nullable=False),
    Column("request_digest", Text(64), nullable=False),
    Column("status", Text(20), nullable=False),
    Column("phase", Text(1), nullable=False),
    Column("seq", Count, nullable=False),
    Column("pivoted", Flag, nullable=False),
    Column("paused", Count, nullable=False),
    Column("rev", Count, nullable=False),
    Column("payload", Json, nullable=False),
    Column("outputs", Json, nullable=False),
    Column("label", Text(300), nullable=False),
    Column("resource_kind", Text(40), nullable=False),
    Column("resource_id", Id, nullable=False),
    Column("waiting_for", Text(40)),
    Column("attention", Text(40)),
    Column("error", Json),
    Column("actor", Json, nullable=False),
    Column("origin", Json),  # from where and on whose behalf it was asked for
    Column("request_id", Text(64), nullable=False),
    Column("traceparent", Text(55), nullable=False),
    Column("tracestate", Text(512)),
    Column("deadline_at", Instant),  # until when it must have reached its pivot
    Column("proposed", Json),  # what a first person wants done that needs a second one
    Column("next_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("business_key"),
    # A run that waits for nothing but has not ended cannot be written down.
    CheckConstraint(
        "status IN ('completed', 'compensated', 'resolved') OR paused = 1 OR next_at IS NOT NULL", name="never_stuck"
    ),
)  # fmt: skip
Index("ix_run_customer_id", run.c.customer_id, run.c.id)
Index("ix_run_reseller_id", run.c.reseller_id, run.c.id)
Index("ix_run_resource_id", run.c.resource_id)
_timed = run.c.next_at.is_not(None)
# For the console: the few that have not ended by status, those that ended lately, and each saga's own.
_open, _ended = run.c.ended_at.is_(None), run.c.ended_at.is_not(None)
Index("ix_run_open", run.c.status, run.c.id, sqlite_where=_open, postgresql_where=_open, mssql_where=_open)
Index("ix_run_ended", run.c.ended_at, run.c.status, sqlite_where=_ended, postgresql_where=_ended, mssql_where=_ended)
Index("ix_run_definition_id", run.c.definition, run.c.id)
Index("ix_run_due", run.c.next_at, sqlite_where=_timed, postgresql_where=_timed, mssql_where=_timed)

run_step = Table(
    "run_step", db.metadata,
    Column("run_id", Id, primary_key=True),
    Column("seq", Count, primary_key=True, autoincrement=False),
    Column("phase", Text(1), primary_key=True),
    Column("gen", Count, primary_key=True, autoincrement=False),
    Column("cmd_id", Id, nullable=False, unique=True),
    Column("name", Text(80), nullable=False),
    Column("kind", Text(16), nullable=False),
    Column("queue", Text(40), nullable=False),
    Column("status", Text(12), nullable=False),
    Column("attempt", Count, nullable=False),
    Column("send_no", Count, nullable=False),
    Column("body", Json, nullable=False),
    Column("reply", Json),
    Column("error", Json),
    Column("sent_at", Instant, nullable=False),
    Column("asked_at", Instant),  # since when it goes unanswered: a reply that is not final begins it anew
    Column("due_at", Instant),
    Column("done_at", Instant),
)  # fmt: skip

run_event = Table(
    "run_event", db.metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("run_id", Id, nullable=False, index=True),
    Column("rev", Count, nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", Text(20), nullable=False),
    Column("seq", Count),
    Column("actor", Text(200), nullable=False),
    Column("data", Json, nullable=False),
)  # fmt: skip

intervention = Table(
    "intervention", db.metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, nullable=False, index=True),
    Column("rev", Count, nullable=False),  # of the run as the person saw it
    Column("op", Text(20), nullable=False),
    Column("actor", Json, nullable=False),
    Column("reason", Text(500), nullable=False),
    Column("outputs", Json),
    Column("at", Instant, nullable=False),
)  # fmt: skip

definition = Table(
    "definition", db.metadata,
    Column("key", Text(80), primary_key=True),  # “place-order/1”
    Column("shape", LongText, nullable=False),  # of the saga as runs of this version were started from it
    Column("at", Instant, nullable=False),
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One execution of a saga, as its row stands."""

    id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    definition: str
    definition_version: int
    business_key: str
    request_digest: str
    status: str
    phase: str
    seq: int
    pivoted: bool
    paused: int
    rev: int
    payload: dict[str, Any]
    outputs: dict[str, Any]
    label: str
    resource_kind: str
    resource_id: UUID
    waiting_for: str | None
    attention: str | None
    error: dict[str, Any] | None
    actor: dict[str, Any]
    origin: dict[str, Any] | None
    request_id: str
    traceparent: str
    tracestate: str | None
    deadline_at: datetime | None
    proposed: dict[str, Any] | None
    next_at: datetime | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    replayed: bool = False  # the same request was made before; nothing was started now

    @property
    def is_final(self) -> bool:
        return self.status in FINAL
