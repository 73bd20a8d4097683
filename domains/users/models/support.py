"""Whom customers let in to help them, and whose data was erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Flag, Id, Instant, Json, Text

from .organisations import db


class SupportGrant(db.Model):
    """That the operator's staff may look at a customer's pages for a time: asked for, given, and ended."""

    __tablename__ = "support_grant"
    __table_args__ = (Index("ix_support_grant_customer_id", "customer_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(Text(10))  # asked, granted, declined, ended
    asked_by: Mapped[UUID | None] = mapped_column(Id, index=True)  # who of the staff; nobody else may use it then
    asked_name: Mapped[str] = mapped_column(Text(200))
    case_id: Mapped[UUID | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(Text(500))
    hours: Mapped[int] = mapped_column(Count)
    areas: Mapped[list[str]] = mapped_column(Json)  # what may be changed; none: reading only
    emergency: Mapped[bool] = mapped_column(Flag)  # taken by an administrator without being asked for
    granted_name: Mapped[str] = mapped_column(Text(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_name: Mapped[str] = mapped_column(Text(200))
    version: Mapped[int] = mapped_column(Count)


class SupportUse(db.Model):
    """That one of the staff began to act under a support access."""

    __tablename__ = "support_use"
    __table_args__ = (Index("ix_support_use_grant_id", "grant_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    user_id: Mapped[UUID] = mapped_column(Id)
    user_name: Mapped[str] = mapped_column(Text(200))
    at: Mapped[datetime] = mapped_column(Instant)


class Erasure(db.Model):
    """The proof that a person was erased: by whose wish, when, and how many rows in which domain. It names nobody."""

    __tablename__ = "erasure"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # of the run
    person_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Instant)
    counts: Mapped[dict[str, Any]] = mapped_column(Json)  # by domain and table
    proof: Mapped[str] = mapped_column(Text(64))  # keyed digest over the row
