"""Cases, what is said in them, what they are about, and the things that a case can be about."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Bytes, Count, Flag, Id, Instant, LongText, Text
from domains.kernel.database import Database

db = Database("support")
OPEN = ("new", "open", "waiting_customer", "waiting_provider")
STATUSES = (*OPEN, "resolved", "closed")
SEARCHES = ("quarantined", "clean", "infected")
IMPACTS = ("low", "normal", "high", "critical")


class Case(db.Model):
    """A request for help."""

    __tablename__ = "case_"
    __table_args__ = (
        Index("ix_case_customer_id_id", "customer_id", "id"),
        Index("ix_case_reseller_id_id", "reseller_id", "id"),
        Index("ix_case_status_id", "status", "id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    number: Mapped[str] = mapped_column(Text(20), unique=True)
    subject: Mapped[str] = mapped_column(Text(200))
    description: Mapped[str] = mapped_column(LongText)
    impact: Mapped[str] = mapped_column(Text(10))
    status: Mapped[str] = mapped_column(Text(20))
    account_id: Mapped[UUID | None] = mapped_column(Id)
    opened_by: Mapped[str] = mapped_column(Text(200))
    opened_by_id: Mapped[str] = mapped_column(Text(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class Reply(db.Model):
    """Something said in a case: to everybody, or (internal) among staff only."""

    __tablename__ = "reply"
    __table_args__ = (Index("ix_reply_case_id_id", "case_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    case_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    author: Mapped[str] = mapped_column(Text(200))
    author_kind: Mapped[str] = mapped_column(Text(10))  # customer, agent
    body: Mapped[str] = mapped_column(LongText)
    internal: Mapped[bool] = mapped_column(Flag)
    at: Mapped[datetime] = mapped_column(Instant)


PUT_AWAY = "put_away"  # the state of a file of somebody who was erased, until its content is gone


class Attachment(db.Model):
    """A file that was put to a case. Its content is here in quarantine, and in the document store once it is clean."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_case_id_id", "case_id", "id"),
        Index("ix_attachment_search_at", "search_at"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    case_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(120))
    media_type: Mapped[str] = mapped_column(Text(100))
    size: Mapped[int] = mapped_column(Count)
    sha256: Mapped[str] = mapped_column(Text(64))
    state: Mapped[str] = mapped_column(Text(12))
    finding: Mapped[str | None] = mapped_column(Text(200))
    author: Mapped[str] = mapped_column(Text(200))
    author_id: Mapped[str | None] = mapped_column(Text(64), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    content: Mapped[bytes | None] = mapped_column(Bytes, deferred=True)
    search_at: Mapped[datetime | None] = mapped_column(Instant)
    searches: Mapped[int] = mapped_column(Count)


class Link(db.Model):
    """What a case is about."""

    __tablename__ = "link"

    case_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Text(20), primary_key=True)
    target_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    label: Mapped[str] = mapped_column(Text(300))


class Reference(db.Model):
    """Something that a case can be about, as its owner has told us."""

    __tablename__ = "reference"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Text(20))
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    label: Mapped[str] = mapped_column(Text(300))
    state: Mapped[str] = mapped_column(Text(20))
    version: Mapped[int] = mapped_column(Count)
