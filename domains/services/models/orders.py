"""Orders: the accounts that may order, the promises made to them, the orders with their lines, and what was sent."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Flag, Id, Instant, Json, Minor, Rate, Text

from .database import db

ENDED = ("completed", "partially_completed", "rejected", "canceled", "failed")
WAITING = ("awaiting_approval", "scheduled")  # not sent yet: for somebody's yes, or for its day


class AccountRef(db.Model):
    """What services know of an account; `accounts` owns it. Its id is the reference of our tenant at the provider."""

    __tablename__ = "account_ref"
    __table_args__ = {"info": {"stamped": "accounts"}}

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    name: Mapped[str] = mapped_column(Text(200))
    status: Mapped[str] = mapped_column(Text(20))
    currency: Mapped[str] = mapped_column(Text(3))
    country: Mapped[str] = mapped_column(Text(2))
    region: Mapped[str] = mapped_column(Text(10))
    time_zone: Mapped[str] = mapped_column(Text(64))
    price_book: Mapped[str] = mapped_column(Text(80))
    ccp_customer_id: Mapped[str | None] = mapped_column(Text(80))
    ccp_user_id: Mapped[str | None] = mapped_column(Text(80))
    asks: Mapped[bool | None] = mapped_column(Flag)  # whether what passes its limits is to be asked for
    budget_left: Mapped[int | None] = mapped_column(Minor)  # as accounts last told; None without that limit
    commitment_left: Mapped[int | None] = mapped_column(Minor)
    stands_version: Mapped[int | None] = mapped_column(Count)
    version: Mapped[int] = mapped_column(Count, default=0)  # of the account; an older fact about it is skipped
    customer_version: Mapped[int] = mapped_column(Count, default=0)  # likewise, of its customer


class Preview(db.Model):
    """A promise to a customer: the terms of an order or a change, signed, until it expires. It is redeemed once."""

    __tablename__ = "preview"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Text(10))  # order or change
    terms: Mapped[Any] = mapped_column(Json)
    signature: Mapped[str] = mapped_column(Text(64))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    redeemed_by: Mapped[UUID | None] = mapped_column(Id)  # the order or change that took it up


class Order(db.Model):
    """What a customer has ordered for one account, and how far it has come."""

    __tablename__ = "order_"
    __table_args__ = (
        Index("ix_order_customer_id_id", "customer_id", "id"),
        Index("ix_order_reseller_id_id", "reseller_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(Text(20), unique=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    account_id: Mapped[UUID] = mapped_column(Id, index=True)
    account_name: Mapped[str] = mapped_column(Text(200))
    state: Mapped[str] = mapped_column(Text(24))
    currency: Mapped[str] = mapped_column(Text(3))
    charge_now: Mapped[int] = mapped_column(Minor)
    every_month: Mapped[int | None] = mapped_column(Minor)
    commitment: Mapped[int] = mapped_column(Minor)
    accepted_total: Mapped[int | None] = mapped_column(Minor)
    po_reference: Mapped[str | None] = mapped_column(Text(80))
    cost_centre: Mapped[str | None] = mapped_column(Text(80))
    preview_id: Mapped[UUID | None] = mapped_column(Id)
    run_id: Mapped[UUID | None] = mapped_column(Id)
    ordered_by_id: Mapped[UUID | None] = mapped_column(Id)
    ordered_by: Mapped[str] = mapped_column(Text(200))
    effective_on: Mapped[date] = mapped_column(Day)
    provider: Mapped[str] = mapped_column(Text(40), server_default="sandbox")  # its key: that of all its lines
    provider_order_id: Mapped[str | None] = mapped_column(Text(80))
    error_code: Mapped[str | None] = mapped_column(Text(80))
    error_detail: Mapped[str | None] = mapped_column(Text(1000))
    placed_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count, default=1)

    def move(self, state: str, at: datetime) -> None:
        """Take the order to another state."""
        self.state = state
        self.version += 1
        if state in ENDED:
            self.ended_at = at


class Line(db.Model):
    """One line of an order, with the terms it was ordered on; it has the same id as its subscription."""

    __tablename__ = "order_line"

    subscription_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    position: Mapped[int] = mapped_column(Count)
    offer_id: Mapped[UUID] = mapped_column(Id)
    provider_offer_id: Mapped[str] = mapped_column(Text(80))
    name: Mapped[str] = mapped_column(Text(200))
    vendor: Mapped[str] = mapped_column(Text(120))
    kind: Mapped[str] = mapped_column(Text(20))
    unit: Mapped[str] = mapped_column(Text(40))
    term: Mapped[str] = mapped_column(Text(10))
    billing_cycle: Mapped[str] = mapped_column(Text(10))
    quantity: Mapped[int] = mapped_column(Count)
    currency: Mapped[str] = mapped_column(Text(3))
    unit_price: Mapped[Decimal] = mapped_column(Rate)
    payer_price: Mapped[Decimal | None] = mapped_column(Rate)  # what its reseller pays us, where that is another price
    charge_now: Mapped[int] = mapped_column(Minor)
    cycle_price: Mapped[int] = mapped_column(Minor)
    charged_until: Mapped[date | None] = mapped_column(Day)
    valid_to: Mapped[date] = mapped_column(Day)
    undo_until: Mapped[datetime | None] = mapped_column(Instant)
    parent_subscription_id: Mapped[UUID | None] = mapped_column(Id)
    answers: Mapped[Any | None] = mapped_column(Json)  # to what the offer asks, by key
    priced_by: Mapped[Any | None] = mapped_column(Json)  # by what its price came about, as `pricing.PriceBasis` has it
    state: Mapped[str] = mapped_column(Text(12))  # pending, accepted, rejected
    error_code: Mapped[str | None] = mapped_column(Text(80))
    error_detail: Mapped[str | None] = mapped_column(Text(1000))


class ProviderOperation(db.Model):
    """Something we ask the provider to do, written down under our own id before we ask (it is the Request-Id)."""

    __tablename__ = "provider_operation"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Text(10))  # order or change
    subject_id: Mapped[UUID] = mapped_column(Id, index=True)  # the order's or change's id: our reference over there
    state: Mapped[str] = mapped_column(Text(10))  # asked, done, refused
    tries: Mapped[int] = mapped_column(Count, default=0)
    provider_id: Mapped[str | None] = mapped_column(Text(80))
    error_code: Mapped[str | None] = mapped_column(Text(80))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    last_asked_at: Mapped[datetime | None] = mapped_column(Instant)  # when the newest try began
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
