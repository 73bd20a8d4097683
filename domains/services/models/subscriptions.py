"""Subscriptions: what an account runs, its seat lots, and the changes made to it, one at a time."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Flag, Id, Instant, Json, Minor, Rate, Text
from domains.kernel.database import new_id
from domains.kernel.money import UnitPrice

from ..lots import Lot
from .database import db
from .facts import NextTerm, Policy

SUBSCRIPTIONS = {"info": {"stamped": "subscriptions"}}
STATES = (
    "pending", "active", "suspended", "pending_cancellation", "canceled", "expired", "failed", "unknown",
)  # fmt: skip


def state_of(raw: str) -> str:
    """Our word for a provider's state; one we do not know is `unknown`, and the list still works."""
    return raw if raw in ("pending", "active", "suspended", "canceled", "expired") else "unknown"


class Subscription(db.Model):
    """Units of one offer that an account has for a term, and what may be done with them.

    `open_change_id` is the semantic lock: one change at a time.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_customer_id_id", "customer_id", "id"),
        Index("ix_subscription_reseller_id_id", "reseller_id", "id"),
        Index("ix_subscription_state_valid_to", "state", "valid_to"),
        SUBSCRIPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(Text(20), unique=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    account_id: Mapped[UUID] = mapped_column(Id, index=True)
    account_name: Mapped[str] = mapped_column(Text(200))
    order_id: Mapped[UUID] = mapped_column(Id, index=True)
    offer_id: Mapped[UUID] = mapped_column(Id)
    provider: Mapped[str] = mapped_column(Text(40), server_default="sandbox")  # its key
    provider_offer_id: Mapped[str] = mapped_column(Text(80))
    provider_subscription_id: Mapped[str | None] = mapped_column(Text(80))
    name: Mapped[str] = mapped_column(Text(200))
    vendor: Mapped[str] = mapped_column(Text(120))
    kind: Mapped[str] = mapped_column(Text(20))
    unit: Mapped[str] = mapped_column(Text(40))
    term: Mapped[str] = mapped_column(Text(10))
    billing_cycle: Mapped[str] = mapped_column(Text(10))
    quantity: Mapped[int] = mapped_column(Count)
    currency: Mapped[str] = mapped_column(Text(3))
    unit_rate: Mapped[Decimal] = mapped_column(Rate)
    payer_rate: Mapped[Decimal | None] = mapped_column(Rate)  # what its reseller pays us, where that is another price
    state: Mapped[str] = mapped_column(Text(24))
    raw_state: Mapped[str | None] = mapped_column(Text(40))  # the provider's own word
    valid_from: Mapped[date] = mapped_column(Day)
    valid_to: Mapped[date] = mapped_column(Day)
    paid_until: Mapped[date | None] = mapped_column(Day)  # charged up to this day, if not further
    auto_renew: Mapped[bool] = mapped_column(Flag)
    parent_subscription_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    next_term: Mapped[Any | None] = mapped_column(
        Json(none_as_null=True)
    )  # what is planned for the next term, as the provider last said
    earlier_plans: Mapped[Any | None] = mapped_column(Json(none_as_null=True))  # [{until, first, billing_cycle}]
    terms_of_offer: Mapped[Any] = mapped_column(Json)  # the offer's policy when it was bought
    policy: Mapped[Any] = mapped_column(Json)  # what the provider allows, as it last said
    provider_version: Mapped[int] = mapped_column(Count, default=0)
    open_change_id: Mapped[UUID | None] = mapped_column(Id)
    error_code: Mapped[str | None] = mapped_column(Text(80))
    error_detail: Mapped[str | None] = mapped_column(Text(1000))
    looked_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count, default=1)

    @property
    def unit_price(self) -> UnitPrice:
        """What one unit costs the customer for one billing cycle."""
        return UnitPrice(self.unit_rate, self.currency)

    @property
    def payer_price(self) -> UnitPrice | None:
        """What a reseller pays us for it, where its end-customer pays another price."""
        return UnitPrice(self.payer_rate, self.currency) if self.payer_rate is not None else None

    @property
    def allowed(self) -> Policy:
        """What the provider allows, as it last said."""
        return msgspec.convert(self.policy, Policy, strict=False)

    @property
    def planned(self) -> NextTerm | None:
        """What is planned for the next term; None when nothing is."""
        return msgspec.convert(self.next_term, NextTerm, strict=False) if self.next_term else None

    def take_over(self, **facts: Any) -> None:
        """Take over what the provider says; the version grows only when something has changed."""
        changed = [name for name, value in facts.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, facts[name])
        self.version += 1 if changed else 0


class SeatLot(db.Model):
    """Seats of a subscription that were bought together; the newest go back first."""

    __tablename__ = "seat_lot"
    __table_args__ = SUBSCRIPTIONS

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    subscription_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    quantity: Mapped[int] = mapped_column(Count)
    added_at: Mapped[datetime] = mapped_column(Instant)
    returnable_until: Mapped[datetime | None] = mapped_column(Instant)
    source: Mapped[str | None] = mapped_column(Text(80))  # the number of the order or the id of the change

    def as_lot(self) -> Lot:
        """The lot as plain data."""
        return Lot(self.quantity, self.added_at, self.returnable_until, self.source)


class Change(db.Model):
    """A change of a subscription that somebody has asked for: another quantity, its end, a pause, another plan.

    `wish` says what the columns do not: the plan it leads to, what is planned for the next term, what it deletes.
    """

    __tablename__ = "change_"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(Id, index=True)
    account_id: Mapped[UUID] = mapped_column(Id)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Text(20))
    mode: Mapped[str | None] = mapped_column(Text(12))
    from_quantity: Mapped[int] = mapped_column(Count)
    to_quantity: Mapped[int] = mapped_column(Count)
    from_valid_to: Mapped[date] = mapped_column(Day)
    to_valid_to: Mapped[date | None] = mapped_column(Day)
    from_state: Mapped[str] = mapped_column(Text(24))
    state: Mapped[str] = mapped_column(Text(12))  # open, at_provider, done, refused, abandoned
    currency: Mapped[str] = mapped_column(Text(3))
    charge_now: Mapped[int | None] = mapped_column(Minor)
    preview_id: Mapped[UUID | None] = mapped_column(Id)
    run_id: Mapped[UUID | None] = mapped_column(Id)
    requested_by_id: Mapped[UUID | None] = mapped_column(Id)
    requested_by: Mapped[str] = mapped_column(Text(200))
    provider_change_id: Mapped[str | None] = mapped_column(Text(80))
    wish: Mapped[Any | None] = mapped_column(Json(none_as_null=True))
    error_code: Mapped[str | None] = mapped_column(Text(80))
    error_detail: Mapped[str | None] = mapped_column(Text(1000))
    begun_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
