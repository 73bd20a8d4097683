"""Bulk plans: many changes of subscriptions, checked and priced together, signed, and made row by row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Instant, Json, Minor, Text
from domains.kernel.money import Money

from .database import db

PLAN_STATES = ("ready", "waiting", "applying", "done", "canceled")  # waiting: for an approval
ROW_STATES = ("ready", "invalid", "applying", "done", "refused", "conflict", "canceled")
WORKING = ("ready", "applying")  # rows of a plan that is being applied, of which the outcome is not known yet


class BulkPlan(db.Model):
    """A list of changes as somebody has sent it, with what it would cost; it holds for a while, and is made once."""

    __tablename__ = "bulk_plan"
    __table_args__ = (Index("ix_bulk_plan_customer_id_id", "customer_id", "id"), Index("ix_bulk_plan_state", "state"))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(Text(20), unique=True)
    customer_id: Mapped[UUID] = mapped_column(Id)  # whose people or programs have sent it
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(Text(12))
    rows: Mapped[int] = mapped_column(Count)
    invalid: Mapped[int] = mapped_column(Count)  # of them cannot be made as they are
    totals: Mapped[Any] = mapped_column(Json)  # by currency: charge_now, refund, every_month, commitment
    signature: Mapped[str] = mapped_column(Text(64))  # over all rows as they were priced
    expires_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    made_by_id: Mapped[UUID | None] = mapped_column(Id)
    made_by: Mapped[str] = mapped_column(Text(200))
    application_id: Mapped[UUID | None] = mapped_column(Id)
    approval_id: Mapped[UUID | None] = mapped_column(Id)  # what it had to ask for
    run_id: Mapped[UUID | None] = mapped_column(Id)
    applied_by_id: Mapped[UUID | None] = mapped_column(Id)
    applied_by: Mapped[str | None] = mapped_column(Text(200))
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count, default=1)


class BulkRow(db.Model):
    """One row of a plan: what was asked for, what it would cost, and what became of it."""

    __tablename__ = "bulk_row"
    __table_args__ = (Index("ix_bulk_row_plan_id_position", "plan_id", "position"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)  # of the plan
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    position: Mapped[int] = mapped_column(Count)  # from 1, as in the file
    subscription: Mapped[str] = mapped_column(Text(80))  # as it was sent: a number or an id
    action: Mapped[str] = mapped_column(Text(40))
    value: Mapped[str] = mapped_column(Text(80))
    subscription_id: Mapped[UUID | None] = mapped_column(Id)
    number: Mapped[str | None] = mapped_column(Text(20))
    name: Mapped[str | None] = mapped_column(Text(200))
    account_name: Mapped[str | None] = mapped_column(Text(200))
    before: Mapped[str | None] = mapped_column(Text(80))  # what the value is now
    terms: Mapped[Any | None] = mapped_column(Json)
    currency: Mapped[str | None] = mapped_column(Text(3))
    charge_minor: Mapped[int | None] = mapped_column(Minor)
    state: Mapped[str] = mapped_column(Text(12))
    error_code: Mapped[str | None] = mapped_column(Text(80))
    error_detail: Mapped[str | None] = mapped_column(Text(1000))
    run_id: Mapped[UUID | None] = mapped_column(Id)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def charge_now(self) -> Money | None:
        """What is charged at once; below zero for what comes back."""
        known = self.currency is not None and self.charge_minor is not None
        return Money.from_minor(self.charge_minor or 0, self.currency or "") if known else None
