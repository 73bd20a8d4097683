"""Carts: what somebody has put together for an account and has not ordered yet."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Id, Instant, Json, Text

from .database import db


class Cart(db.Model):
    """The one cart of an account, shared by all who buy for it. `preview_id` is the promise made for its lines last."""

    __tablename__ = "cart"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    account_id: Mapped[UUID] = mapped_column(Id, unique=True)
    po_reference: Mapped[str | None] = mapped_column(Text(80))
    cost_centre: Mapped[str | None] = mapped_column(Text(80))
    starts_on: Mapped[date | None] = mapped_column(Day)
    preview_id: Mapped[UUID | None] = mapped_column(Id)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)


class CartLine(db.Model):
    """One line. An add-on for another line (`base_line_id`) stands below it and goes with it."""

    __tablename__ = "cart_line"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    cart_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    position: Mapped[int] = mapped_column(Count)
    offer_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(200))  # as it was called when it was put in
    quantity: Mapped[int] = mapped_column(Count)
    term: Mapped[str | None] = mapped_column(Text(10))
    billing_cycle: Mapped[str | None] = mapped_column(Text(10))
    base_line_id: Mapped[UUID | None] = mapped_column(Id)
    parent_subscription_id: Mapped[UUID | None] = mapped_column(Id)
    answers: Mapped[Any | None] = mapped_column(Json)  # to what the offer asks, by key
