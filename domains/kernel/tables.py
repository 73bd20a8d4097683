"""The tables that every domain keeps beside its own, so that they commit together with its changes."""

from __future__ import annotations

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint

from .columns import Count, Id, Instant, Json, Serial, Text


def inbox(metadata: MetaData) -> Table:
    """Commands received: dedupe, reply cache and barrier against late commands in one row (as in dtm)."""
    return Table(
        "inbox", metadata,
        Column("cmd_id", Id, primary_key=True),
        Column("run_id", Id, nullable=False),
        Column("seq", Count, nullable=False),
        Column("phase", Text(1), nullable=False),  # F forward, C compensation
        Column("gen", Count, nullable=False),
        Column("outcome", Text(12), nullable=False),  # STARTED OK REJECTED CANCELLED NOOP
        Column("fence", Count, nullable=False),  # grows with every try of an exchange; a late try records nothing
        Column("reply", Json),
        Column("at", Instant, nullable=False),
        UniqueConstraint("run_id", "seq", "phase", "gen"),
    )  # fmt: skip


def outbox(metadata: MetaData) -> Table:
    """Events published by this domain, in order; `published_at` is empty until the bus has them."""
    table = Table(
        "outbox", metadata,
        Column("position", Serial, primary_key=True, autoincrement=True),
        Column("event_id", Id, nullable=False, unique=True),
        Column("type", Text(80), nullable=False),
        Column("aggregate_id", Id, nullable=False),
        Column("version", Count, nullable=False),
        Column("body", Json, nullable=False),
        Column("traceparent", Text(55)),
        Column("at", Instant, nullable=False),
        Column("published_at", Instant),
    )  # fmt: skip
    waiting = table.c.published_at.is_(None)
    Index("ix_outbox_waiting", table.c.position, sqlite_where=waiting, postgresql_where=waiting, mssql_where=waiting)
    return table


def consumed(metadata: MetaData) -> Table:
    """Events of other domains that this domain has reacted to."""
    return Table(
        "consumed", metadata,
        Column("event_id", Id, primary_key=True),
        Column("at", Instant, nullable=False),
    )  # fmt: skip


def idempotency(metadata: MetaData) -> Table:
    """Answers already given to a write with an Idempotency-Key, kept for at least 24 hours."""
    return Table(
        "idempotency", metadata,
        Column("key", Text(64), primary_key=True),  # SHA-256 of caller, route and key
        Column("request_digest", Text(64), nullable=False),
        Column("status", Count, nullable=False),
        Column("body", Json),
        Column("headers", Json),
        Column("at", Instant, nullable=False),
    )  # fmt: skip


def audit(metadata: MetaData) -> tuple[Table, ...]:
    """Who did what: entries, what they changed and where they came from (both erasable), their seals, and the heads.

    An entry and its seal are written once and never changed, so that the app's role needs no right to change them.
    """
    entry = Table(
        "audit_entry", metadata,
        Column("id", Id, primary_key=True),
        Column("customer_id", Id, nullable=False),
        Column("at", Instant, nullable=False),
        Column("actor_kind", Text(10), nullable=False),
        Column("actor_id", Text(64), nullable=False),
        Column("actor_name", Text(200)),  # in entries of form 1 only, which an older release wrote
        Column("action", Text(80), nullable=False),
        Column("subject_kind", Text(40), nullable=False),
        Column("subject_id", Id, nullable=False),
        Column("request_id", Text(64)),
        Column("run_id", Id),
        Column("digest", Text(64), nullable=False),  # salted digest of the values
        Column("form", Count, nullable=False, server_default="1"),  # what its hash is made of
        Column("home_id", Id),  # the organisation whose person or program acted, when it is another one
        Column("on_behalf_id", Id),  # the customer for whom they acted, when that is not their own
        Column("grant_id", Id),  # the support access under which they did
        Column("origin_digest", Text(64)),  # salted digest of name, place and program
        Index("ix_audit_entry_customer_id", "customer_id", "id"),
        Index("ix_audit_entry_actor_id", "actor_id"),
    )  # fmt: skip
    value = Table(
        "audit_value", metadata,
        Column("entry_id", Id, primary_key=True),
        Column("salt", Text(64), nullable=False),
        Column("before", Json),
        Column("after", Json),
    )  # fmt: skip
    origin = Table(
        "audit_origin", metadata,
        Column("entry_id", Id, primary_key=True),
        Column("salt", Text(64), nullable=False),
        Column("actor_name", Text(200), nullable=False),
        Column("place", Text(64), nullable=False),
        Column("program", Text(120), nullable=False),
    )  # fmt: skip
    waiting = Table("audit_waiting", metadata, Column("entry_id", Id, primary_key=True))
    return entry, value, origin, waiting, *_seals(metadata)


def _seals(metadata: MetaData) -> tuple[Table, Table]:
    """What the sealer writes: one row for each entry, and how long each chain is."""
    seal = Table(
        "audit_seal", metadata,
        Column("entry_id", Id, primary_key=True),
        Column("customer_id", Id, nullable=False),
        Column("seq", Count, nullable=False),
        Column("previous", Text(64), nullable=False),
        Column("hash", Text(64), nullable=False),
        UniqueConstraint("customer_id", "seq"),
    )  # fmt: skip
    head = Table(
        "audit_head", metadata,
        Column("customer_id", Id, primary_key=True),
        Column("seq", Count, nullable=False),
        Column("hash", Text(64), nullable=False),
    )  # fmt: skip
    return seal, head


def stamp(metadata: MetaData) -> Table:
    """What the lists of this domain are at: a value that is another one after each change (see `stamps`)."""
    return Table(
        "stamp", metadata,
        Column("topic", Text(80), primary_key=True),  # “catalogue”, or “subscriptions:<id of a customer or reseller>”
        Column("value", Id, nullable=False),
    )  # fmt: skip


def number_series(metadata: MetaData) -> Table:
    """The last number given out in each series of numbers for people."""
    return Table(
        "number_series", metadata,
        Column("series", Text(40), primary_key=True),
        Column("last", Count, nullable=False),
    )  # fmt: skip
