"""What providers hint at: that something may have happened over there. A look tells what."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Id, Instant, Text

from .database import db


class ProviderHint(db.Model):
    """A hint of a provider's, noted once however often it is sent, until somebody has looked."""

    __tablename__ = "provider_hint"
    __table_args__ = (Index("ix_provider_hint_taken_at_noted_at", "taken_at", "noted_at"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # made of what was said, so that a repetition is the same
    provider: Mapped[str] = mapped_column(Text(40))
    kind: Mapped[str] = mapped_column(Text(80))
    provider_subscription_id: Mapped[str | None] = mapped_column(Text(80))
    account_id: Mapped[UUID | None] = mapped_column(Id)  # where the provider says whose it is, by our reference
    at: Mapped[datetime] = mapped_column(Instant)  # by the provider's clock
    noted_at: Mapped[datetime] = mapped_column(Instant)
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
