"""Charges, what invoices need to know of customers, the invoices with their lines and documents, and their numbers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Id, Instant, Json, Minor, Rate, Text
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
    # activation, period, change_quantity, extend, cancel, change_plan, renewal
    kind: Mapped[str] = mapped_column(Text(20))
    name: Mapped[str] = mapped_column(Text(200))
    quantity: Mapped[int] = mapped_column(Count)
    unit_price: Mapped[Decimal] = mapped_column(Rate)
    currency: Mapped[str] = mapped_column(Text(3))
    amount_minor: Mapped[int] = mapped_column(Minor)
    # what the end-customer pays its reseller, where that is another price; the two above are what we invoice
    resale_price: Mapped[Decimal | None] = mapped_column(Rate)
    resale_minor: Mapped[int | None] = mapped_column(Minor)
    effective_on: Mapped[date] = mapped_column(Day)
    until: Mapped[date | None] = mapped_column(Day)  # last day it covers, inclusive
    created_at: Mapped[datetime] = mapped_column(Instant)
    invoice_id: Mapped[UUID | None] = mapped_column(Id)  # the invoice it stands on

    @property
    def units(self) -> int:
        """How many units it is for; negative when they went back."""
        return -self.quantity if self.kind == "cancel" else self.quantity

    @property
    def amount(self) -> Money:
        return Money.from_minor(self.amount_minor, self.currency)

    @property
    def price(self) -> UnitPrice:
        return UnitPrice(self.unit_price, self.currency)

    @property
    def resold(self) -> UnitPrice | None:
        """What an end-customer pays its reseller for a unit, where that is another price."""
        return UnitPrice(self.resale_price, self.currency) if self.resale_price is not None else None


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
    street: Mapped[str | None] = mapped_column(Text(200))
    postcode: Mapped[str | None] = mapped_column(Text(20))
    city: Mapped[str | None] = mapped_column(Text(120))
    province: Mapped[str | None] = mapped_column(Text(60))
    version: Mapped[int] = mapped_column(Count)
    sandbox_of: Mapped[UUID | None] = mapped_column(Id)  # whose sandbox this is: nobody is invoiced for what it tries


class ProviderLine(db.Model):
    """A line of what the provider bills us, and the charge that passes it on; a mismatch has none.

    `reason` says what a person should look at; a line whose subscription nobody knows belongs to nobody.
    """

    __tablename__ = "provider_line"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # made of the provider's own, so that it is kept once
    line_id: Mapped[str] = mapped_column(Text(80))
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)  # who pays us
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    subscription_id: Mapped[UUID] = mapped_column(Id, index=True)
    month: Mapped[date] = mapped_column(Day)  # its first day
    kind: Mapped[str] = mapped_column(Text(20))
    quantity: Mapped[int] = mapped_column(Count)
    first: Mapped[date] = mapped_column(Day)
    after: Mapped[date] = mapped_column(Day)
    currency: Mapped[str] = mapped_column(Text(3))
    cost_minor: Mapped[int] = mapped_column(Minor)
    state: Mapped[str] = mapped_column(Text(10))  # matched, mismatch
    charge_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    # no_charge, doubled, changed, currency, costs_more (though matched), unknown
    reason: Mapped[str | None] = mapped_column(Text(20))
    reference: Mapped[str | None] = mapped_column(Text(80))  # what an unknown one is called over there

    @property
    def cost(self) -> Money:
        return Money.from_minor(self.cost_minor, self.currency)

    @property
    def last(self) -> date:
        return max(self.first, self.after - timedelta(days=1))


class InvoiceSeries(db.Model):
    """The last invoice number that a legal entity has given out in a series; locked while an invoice is finalised."""

    __tablename__ = "invoice_series"

    series: Mapped[str] = mapped_column(Text(12), primary_key=True)  # "EU26": of one legal entity and year
    legal_entity: Mapped[str] = mapped_column(Text(20))
    last: Mapped[int] = mapped_column(Count)


class Invoice(db.Model):
    """What a payer owes for a month in one currency. A draft has no number; once issued it is never changed.

    The payer is a direct customer, or the reseller for all of its end-customers.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("customer_id", "currency", "month"),
        Index("ix_invoice_customer_id_id", "customer_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)  # nobody else sees who owes what: always empty for now
    number: Mapped[str | None] = mapped_column(Text(16))
    state: Mapped[str] = mapped_column(Text(20))  # draft, issued
    month: Mapped[date] = mapped_column(Day)  # its first day
    currency: Mapped[str] = mapped_column(Text(3))
    legal_entity: Mapped[str] = mapped_column(Text(20))
    seller: Mapped[Any] = mapped_column(Json)  # both parties as they were then
    buyer: Mapped[Any] = mapped_column(Json)
    taxes: Mapped[Any] = mapped_column(Json)  # one sum for each category and rate
    net_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    total_minor: Mapped[int] = mapped_column(Minor)
    issued_on: Mapped[date | None] = mapped_column(Day)
    due_on: Mapped[date | None] = mapped_column(Day)
    created_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def net(self) -> Money:
        return Money.from_minor(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money.from_minor(self.tax_minor, self.currency)

    @property
    def total(self) -> Money:
        return Money.from_minor(self.total_minor, self.currency)


_numbered = Invoice.number.is_not(None)
Index("uq_invoice_number", Invoice.number, unique=True,
      sqlite_where=_numbered, postgresql_where=_numbered, mssql_where=_numbered)  # fmt: skip


class InvoiceLine(db.Model):
    """One charge as it stands on an invoice, with whose it was and how it is taxed."""

    __tablename__ = "invoice_line"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # the charge's
    invoice_id: Mapped[UUID] = mapped_column(Id, index=True)
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    position: Mapped[int] = mapped_column(Count)
    customer_name: Mapped[str] = mapped_column(Text(120))  # of the end-customer, where that is not the payer
    account_name: Mapped[str] = mapped_column(Text(120))
    subscription_id: Mapped[UUID] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Text(20))
    name: Mapped[str] = mapped_column(Text(200))
    quantity: Mapped[int] = mapped_column(Count)  # below zero for what is given back, so that prices never are
    unit_price: Mapped[Decimal] = mapped_column(Rate)
    first: Mapped[date] = mapped_column(Day)
    last: Mapped[date | None] = mapped_column(Day)
    tax_category: Mapped[str] = mapped_column(Text(4))
    tax_rate: Mapped[Decimal] = mapped_column(Rate)  # percent
    currency: Mapped[str] = mapped_column(Text(3))
    net_minor: Mapped[int] = mapped_column(Minor)

    @property
    def net(self) -> Money:
        return Money.from_minor(self.net_minor, self.currency)

    @property
    def price(self) -> UnitPrice:
        return UnitPrice(self.unit_price, self.currency)


class Document(db.Model):
    """A file of an invoice in the document store, known by its SHA-256; rendered once and never again."""

    __tablename__ = "document"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # the invoice's, which has one
    customer_id: Mapped[UUID] = mapped_column(Id, index=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    media_type: Mapped[str] = mapped_column(Text(80))
    size: Mapped[int] = mapped_column(Count)
    sha256: Mapped[str] = mapped_column(Text(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
