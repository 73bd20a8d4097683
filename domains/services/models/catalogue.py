"""The catalogue: what the provider sells, at which purchase and list price, and what each sync has changed of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Day, Flag, Id, Instant, Json, LongText, Rate, Text
from domains.kernel.database import new_id

from .database import db

CATALOGUE = {"info": {"stamped": "catalogue"}}


class Provider(db.Model):
    """A cloud computing provider we sell for, and what its last catalogue sync has changed."""

    __tablename__ = "provider"

    key: Mapped[str] = mapped_column(Text(40), primary_key=True)
    synced_at: Mapped[datetime | None] = mapped_column(Instant)
    last_change: Mapped[Any] = mapped_column(Json)  # {added, changed, ended}: lists of names


class Offer(db.Model):
    """Something that can be bought. It is never deleted: subscriptions point to it after it is no longer sold."""

    __tablename__ = "offer"
    __table_args__ = (UniqueConstraint("provider", "provider_offer_id"), CATALOGUE)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    provider: Mapped[str] = mapped_column(Text(40))
    provider_offer_id: Mapped[str] = mapped_column(Text(80))
    vendor: Mapped[str] = mapped_column(Text(120))
    category: Mapped[str] = mapped_column(Text(80))
    name: Mapped[str] = mapped_column(Text(200))
    description: Mapped[str] = mapped_column(LongText)
    kind: Mapped[str] = mapped_column(Text(20))
    unit: Mapped[str] = mapped_column(Text(40))
    min_quantity: Mapped[int] = mapped_column(Count)
    max_quantity: Mapped[int | None] = mapped_column(Count)
    countries: Mapped[str] = mapped_column(Text(1200))  # ",*," or ",DE,NL,": a list that all databases can search
    policy: Mapped[Any] = mapped_column(Json)
    addon_of: Mapped[Any] = mapped_column(Json)  # provider offer ids, one of which must be there
    prerequisites: Mapped[Any] = mapped_column(Json)  # provider offer ids, one of which must be there
    valid_from: Mapped[date | None] = mapped_column(Day)
    valid_to: Mapped[date | None] = mapped_column(Day)
    words: Mapped[str] = mapped_column(Text(2000))  # name, vendor, category and description, folded, for the search
    provider_version: Mapped[str] = mapped_column(Text(40))
    digest: Mapped[str] = mapped_column(Text(64))  # of all that the provider said, plans included
    active: Mapped[bool] = mapped_column(Flag)
    version: Mapped[int] = mapped_column(Count, default=1)

    def is_sold_on(self, day: date) -> bool:
        """Whether it can be ordered on a day."""
        begun = self.valid_from is None or self.valid_from <= day
        return self.active and begun and (self.valid_to is None or day <= self.valid_to)

    def is_sold_in(self, country: str) -> bool:
        """Whether it can be ordered by customers of a country (two letters)."""
        return ",*," in self.countries or f",{country}," in self.countries

    @property
    def is_repeatable(self) -> bool:
        """Whether one account may hold it more than once; trials are given once."""
        return bool(self.policy.get("repeatable", self.kind != "trial"))


class OfferPlan(db.Model):
    """One way to buy an offer: term, billing cycle and currency, with our purchase price per unit and cycle.

    `list_price` is what the provider asks of everybody, where it says so.
    """

    __tablename__ = "offer_plan"
    __table_args__ = CATALOGUE

    offer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    currency: Mapped[str] = mapped_column(Text(3), primary_key=True)
    term: Mapped[str] = mapped_column(Text(10), primary_key=True)
    billing_cycle: Mapped[str] = mapped_column(Text(10), primary_key=True)
    position: Mapped[int] = mapped_column(Count)  # the provider's order; the first is the default unless P1Y monthly is
    purchase_price: Mapped[Decimal] = mapped_column(Rate)
    list_price: Mapped[Decimal | None] = mapped_column(Rate)


class PastPrice(db.Model):
    """What a plan cost us until a moment, kept when a sync changes it: so a price on any day can be explained."""

    __tablename__ = "past_price"

    offer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    currency: Mapped[str] = mapped_column(Text(3), primary_key=True)
    term: Mapped[str] = mapped_column(Text(10), primary_key=True)
    billing_cycle: Mapped[str] = mapped_column(Text(10), primary_key=True)
    until: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    purchase_price: Mapped[Decimal] = mapped_column(Rate)
    list_price: Mapped[Decimal | None] = mapped_column(Rate)


class Listing(db.Model):
    """What the catalogue page needs of an offer in one currency: its default plan, and all its terms and cycles.

    Kept by the catalogue sync, so that a search reads one narrow row per offer.
    """

    __tablename__ = "listing"
    __table_args__ = CATALOGUE

    currency: Mapped[str] = mapped_column(Text(3), primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    term: Mapped[str] = mapped_column(Text(10))
    billing_cycle: Mapped[str] = mapped_column(Text(10))
    purchase_price: Mapped[Decimal] = mapped_column(Rate)
    list_price: Mapped[Decimal | None] = mapped_column(Rate)
    terms: Mapped[str] = mapped_column(Text(100))  # "P1M P1Y"
    billing_cycles: Mapped[str] = mapped_column(Text(60))


class CatalogueSync(db.Model):
    """One time that a provider's catalogue was asked for: all of it, or what has changed since a mark.

    `mark` and `etag` are the provider's, to ask on from; an answer that nothing has changed is a sync, too.
    """

    __tablename__ = "catalogue_sync"
    __table_args__ = (Index("ix_catalogue_sync_provider_id", "provider", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    provider: Mapped[str] = mapped_column(Text(40))
    kind: Mapped[str] = mapped_column(Text(12))  # full, incremental
    ended_at: Mapped[datetime] = mapped_column(Instant)
    offers: Mapped[int] = mapped_column(Count)  # that the provider has told of
    added: Mapped[int] = mapped_column(Count)
    changed: Mapped[int] = mapped_column(Count)
    ended: Mapped[int] = mapped_column(Count)
    mark: Mapped[str | None] = mapped_column(Text(200))
    etag: Mapped[str | None] = mapped_column(Text(200))


class OfferChange(db.Model):
    """What one sync has changed of one offer. `before` and `after` hold the fields that differ.

    `prices` holds the plans whose price differs: purchase prices, which operators alone see.
    """

    __tablename__ = "catalogue_change"
    __table_args__ = (Index("ix_catalogue_change_offer_id_id", "offer_id", "id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    sync_id: Mapped[UUID] = mapped_column(Id, index=True)
    offer_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(200))
    kind: Mapped[str] = mapped_column(Text(10))  # added, changed, ended
    at: Mapped[datetime] = mapped_column(Instant)
    before: Mapped[Any] = mapped_column(Json)
    after: Mapped[Any] = mapped_column(Json)
    prices: Mapped[Any] = mapped_column(Json)


class Promotion(db.Model):
    """What a provider takes off for a while, as it said it. One that it takes back ends the day before, and stays."""

    __tablename__ = "promotion"
    __table_args__ = CATALOGUE

    provider: Mapped[str] = mapped_column(Text(40), primary_key=True)
    id: Mapped[str] = mapped_column(Text(80), primary_key=True)
    name: Mapped[str] = mapped_column(Text(200))
    terms: Mapped[Any] = mapped_column(Json)
    valid_from: Mapped[date | None] = mapped_column(Day)
    valid_to: Mapped[date | None] = mapped_column(Day)
