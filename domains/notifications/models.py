"""Deliveries: one for each thing we tell somebody."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Instant, LongText, Text
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
