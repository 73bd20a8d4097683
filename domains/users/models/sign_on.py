"""Customers' own providers, and who people are there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Flag, Id, Instant, Json, Text
from domains.kernel.envelope import MARK

from .organisations import db


class SignOn(db.Model):
    """A customer's own OpenID provider, through which its people sign in. Each customer has one at most."""

    __tablename__ = "sign_on"

    customer_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    issuer: Mapped[str] = mapped_column(Text(300))
    client_id: Mapped[str] = mapped_column(Text(200))
    client_secret: Mapped[str] = mapped_column(Text(2000), info=MARK)  # sealed
    provider: Mapped[dict[str, Any]] = mapped_column(Json)  # what we need of its metadata
    role: Mapped[str] = mapped_column(Text(20))  # of people who join by themselves
    joins: Mapped[bool] = mapped_column(Flag)  # whether they may
    forced: Mapped[bool] = mapped_column(Flag)  # members come in by it only; owners keep their own means
    trusted: Mapped[bool] = mapped_column(Flag)  # it asks for a second factor, so we need not
    created_at: Mapped[datetime] = mapped_column(Instant)
    checked_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Count)


class SignOnDomain(db.Model):
    """An e-mail domain that a customer says is its own; proved by a record that only its owner can publish."""

    __tablename__ = "sign_on_domain"
    __table_args__ = (UniqueConstraint("customer_id", "name"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text(253))
    challenge: Mapped[str] = mapped_column(Text(80))  # what the record must hold
    created_at: Mapped[datetime] = mapped_column(Instant)
    verified_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def version(self) -> int:
        """It changes once, when it is proved."""
        return 1 if self.verified_at is None else 2


PROVED = SignOnDomain.verified_at.is_not(None)
Index("uq_sign_on_domain_verified", SignOnDomain.name, unique=True,
      sqlite_where=PROVED, postgresql_where=PROVED, mssql_where=PROVED)  # fmt: skip


class Identity(db.Model):
    """Who a person is at a customer's provider: its issuer and its name for them, never an e-mail address."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("customer_id", "key"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    user_id: Mapped[UUID] = mapped_column(Id, index=True)
    key: Mapped[str] = mapped_column(Text(64))  # digest of both: some databases do not tell small from capital letters
    issuer: Mapped[str] = mapped_column(Text(300))
    subject: Mapped[str] = mapped_column(Text(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
