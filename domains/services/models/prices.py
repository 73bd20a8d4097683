"""Price books, as they are and as they were, and the agreements that say who buys by one of them, and when."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Id, Instant, Json, Rate, Text
from domains.kernel.database import new_id

from .database import db

PRICES = {"info": {"stamped": "prices"}}


class PriceBook(db.Model):
    """A named set of rules that make sales prices. Its name is what customers' books are called by, and stays."""

    __tablename__ = "price_book"
    __table_args__ = PRICES

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text(80), unique=True)
    rounding: Mapped[str] = mapped_column(Text(10), server_default="minor")
    version: Mapped[int] = mapped_column(Count, default=1)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class PriceRule(db.Model):
    """One rule of a price book as it is now (see `pricing.rules.Rule`)."""

    __tablename__ = "price_rule"
    __table_args__ = PRICES

    price_book_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    position: Mapped[int] = mapped_column(Count, primary_key=True, autoincrement=False)
    scope: Mapped[str] = mapped_column(Text(10))
    target: Mapped[str] = mapped_column(Text(120))
    markup_percent: Mapped[Decimal | None] = mapped_column(Rate)
    discount_percent: Mapped[Decimal | None] = mapped_column(Rate)
    unit_price: Mapped[Decimal | None] = mapped_column(Rate)
    currency: Mapped[str | None] = mapped_column(Text(3))
    term: Mapped[str | None] = mapped_column(Text(10))
    billing_cycle: Mapped[str | None] = mapped_column(Text(10))
    min_quantity: Mapped[int] = mapped_column(Count, server_default="1")
    valid_from: Mapped[date | None] = mapped_column(Day)
    valid_to: Mapped[date | None] = mapped_column(Day)
    rounding: Mapped[str | None] = mapped_column(Text(10))


class PastBook(db.Model):
    """A price book as one of its versions was, from when on: nothing of a price's history is lost by a change."""

    __tablename__ = "price_book_version"

    price_book_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    version: Mapped[int] = mapped_column(Count, primary_key=True, autoincrement=False)
    since: Mapped[datetime] = mapped_column(Instant)
    rounding: Mapped[str] = mapped_column(Text(10))
    rules: Mapped[Any] = mapped_column(Json)


class Agreement(db.Model):
    """Prices agreed with a customer, or with a reseller for all its end-customers: a book, from day to day.

    `holder_id` is whose agreement it is. What the book says nothing of is sold by the customer's own book.
    """

    __tablename__ = "price_agreement"
    __table_args__ = PRICES

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    holder_id: Mapped[UUID] = mapped_column(Id, index=True)
    reference: Mapped[str] = mapped_column(Text(80))
    price_book: Mapped[str] = mapped_column(Text(80))
    valid_from: Mapped[date] = mapped_column(Day)
    valid_to: Mapped[date | None] = mapped_column(Day)
    version: Mapped[int] = mapped_column(Count, default=1)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class ResaleBook(db.Model):
    """What a reseller asks of its end-customers, over its own price, as one of its versions was, from when on.

    `owner_id` is the reseller; `holder_id` the end-customer whose it is, or the reseller itself where it is for all of
    them. The newest version holds; nothing of it is overwritten.
    """

    __tablename__ = "resale_book"
    __table_args__ = (Index("ix_resale_book_owner_id_holder_id", "owner_id", "holder_id"), PRICES)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # made of whose it is and the version
    owner_id: Mapped[UUID] = mapped_column(Id)
    holder_id: Mapped[UUID] = mapped_column(Id)
    version: Mapped[int] = mapped_column(Count)
    since: Mapped[datetime] = mapped_column(Instant)
    rounding: Mapped[str] = mapped_column(Text(10))
    markup_percent: Mapped[Decimal | None] = mapped_column(Rate)
    rules: Mapped[Any] = mapped_column(Json)
