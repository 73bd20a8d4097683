"""Deliveries, one for each thing we tell somebody, and the audit trail as owners search it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Flag, Id, Instant, Json, LongText, Text
from domains.kernel.database import Database

db = Database("notifications")


class Delivery(db.Model):
    """One e-mail to one person: queued, then sent, or given up after many tries."""

    __tablename__ = "delivery"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    template: Mapped[str] = mapped_column(Text(60))
    recipient: Mapped[str] = mapped_column(Text(320))
    subject: Mapped[str] = mapped_column(Text(300))
    body: Mapped[str] = mapped_column(LongText)
    state: Mapped[str] = mapped_column(Text(10))  # queued, sent, failed
    attempts: Mapped[int] = mapped_column(Count)
    last_error: Mapped[str | None] = mapped_column(Text(500))
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)


_waiting = Delivery.next_at.is_not(None)
Index("ix_delivery_due", Delivery.next_at, sqlite_where=_waiting, postgresql_where=_waiting, mssql_where=_waiting)


class OrganisationRef(db.Model):
    """What notifications know of a customer; the owner of these facts is `customers`."""

    __tablename__ = "organisation_ref"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    name: Mapped[str] = mapped_column(Text(200))
    version: Mapped[int] = mapped_column(Count)


class PersonalExport(db.Model):
    """What all domains told a person of what they know, to be fetched by that person for a week."""

    __tablename__ = "personal_export"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    to_owner: Mapped[bool | None] = mapped_column(Flag)  # an owner has asked, and may have it, too
    content: Mapped[str] = mapped_column(LongText)  # packed: by domain its rows by table
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class ErasedPerson(db.Model):
    """Somebody of whom nothing may be kept any more, whatever message of the past comes again."""

    __tablename__ = "erased_person"

    person_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)


class TrailEntry(db.Model):
    """One entry of the audit trail, of whatever domain, to be searched. The chains are in the domains' databases."""

    __tablename__ = "trail_entry"
    __table_args__ = (
        Index("ix_trail_entry_customer_id", "customer_id", "id"),
        Index("ix_trail_entry_reseller_id", "reseller_id", "id"),
        Index("ix_trail_entry_actor_id", "actor_id"),
        Index("ix_trail_entry_subject_id", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    domain: Mapped[str] = mapped_column(Text(20))
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_kind: Mapped[str] = mapped_column(Text(10))
    actor_id: Mapped[str] = mapped_column(Text(64))
    actor_name: Mapped[str] = mapped_column(Text(200))
    place: Mapped[str] = mapped_column(Text(64))
    program: Mapped[str] = mapped_column(Text(120))
    home_id: Mapped[UUID | None] = mapped_column(Id)
    on_behalf_id: Mapped[UUID | None] = mapped_column(Id)
    grant_id: Mapped[UUID | None] = mapped_column(Id)
    action: Mapped[str] = mapped_column(Text(80))
    subject_kind: Mapped[str] = mapped_column(Text(40))
    subject_id: Mapped[UUID] = mapped_column(Id)
    request_id: Mapped[str | None] = mapped_column(Text(64))
    run_id: Mapped[UUID | None] = mapped_column(Id)
    seq: Mapped[int] = mapped_column(Count)  # its place in its chain
    before: Mapped[Any] = mapped_column(Json)
    after: Mapped[Any] = mapped_column(Json)
    words: Mapped[str] = mapped_column(LongText)  # what free text finds it by, in small letters
