"""Quotes: orders that somebody may take up for days, at the prices they were made with."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Instant, Json, Minor, Text

from .database import db

STANDING = ("draft", "sent")  # may still be taken up
DAYS, MOST_DAYS = 30, 90  # that a quote holds


class Quote(db.Model):
    """A quote. Its promise is the preview, which lasts as long: what has taken that up has accepted the quote."""

    __tablename__ = "quote"
    __table_args__ = (
        Index("ix_quote_customer_id_id", "customer_id", "id"),
        Index("ix_quote_reseller_id_id", "reseller_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(Text(20), unique=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    account_id: Mapped[UUID] = mapped_column(Id, index=True)
    account_name: Mapped[str] = mapped_column(Text(200))
    state: Mapped[str] = mapped_column(Text(10))  # draft, sent, declined, withdrawn
    preview_id: Mapped[UUID] = mapped_column(Id)
    currency: Mapped[str] = mapped_column(Text(3))
    commitment: Mapped[int] = mapped_column(Minor)
    terms: Mapped[Any] = mapped_column(Json)
    note: Mapped[str | None] = mapped_column(Text(1000))
    made_by: Mapped[str] = mapped_column(Text(200))
    made_by_id: Mapped[UUID | None] = mapped_column(Id)
    made_at: Mapped[datetime] = mapped_column(Instant)
    valid_until: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(Text(200))
    decided_by_id: Mapped[UUID | None] = mapped_column(Id)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(Text(500))
    version: Mapped[int] = mapped_column(Count)
