"""Charges, and the facts about customers that invoices will need."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Id, Instant, Minor, Rate, Text
from domains.kernel.database import Database
from domains.kernel.money import Money, UnitPrice

db = Database("billing")


class Charge(db.Model):
    """Something a customer owes (or, negative, gets back), net, with the days and units it is for."""

    __tablename__ = "charge"
    __table_args__ = (
        Index("ix_charge_customer_id_effective_on", "customer_id", "effective_on"),
        Index("ix_charge_reseller_id_effective_on", "reseller_id", "effective_on"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    account_id: Mapped[UUID] = mapped_column(Id, index=True)
    account_name: Mapped[str] = mapped_column(Text(120))
    subscription_id: Mapped[UUID] = mapped_column(Id, index=True)
    source_id: Mapped[UUID] = mapped_column(Id)  # the order or change that caused it
    kind: Mapped[str] = mapped_column(Text(20))  # activation, change_quantity, extend, cancel
    name: Mapped[str] = mapped_column(Text(200))
    quantity: Mapped[int] = mapped_column(Count)
    unit_price: Mapped[Decimal] = mapped_column(Rate)
    currency: Mapped[str] = mapped_column(Text(3))
    amount_minor: Mapped[int] = mapped_column(Minor)
    effective_on: Mapped[date] = mapped_column(Day)
    until: Mapped[date | None] = mapped_column(Day)  # last day it covers, inclusive
    created_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def amount(self) -> Money:
        return Money.from_minor(self.amount_minor, self.currency)

    @property
    def price(self) -> UnitPrice:
        return UnitPrice(self.unit_price, self.currency)


class CustomerRef(db.Model):
    """What billing knows of a customer; the owner of these facts is `customers`."""

    __tablename__ = "customer_ref"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    name: Mapped[str] = mapped_column(Text(120))
    legal_name: Mapped[str] = mapped_column(Text(200))
    country: Mapped[str] = mapped_column(Text(2))
    region: Mapped[str] = mapped_column(Text(8))
    currency: Mapped[str] = mapped_column(Text(3))
    tax_id: Mapped[str | None] = mapped_column(Text(40))
    payment_terms_days: Mapped[int] = mapped_column(Count)
    time_zone: Mapped[str] = mapped_column(Text(60))
    version: Mapped[int] = mapped_column(Count)
