"""Approvals: what somebody wants that is above their limit, who may say yes, and what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Instant, Json, Minor, Text
from domains.kernel.money import Money

from .database import db

OPEN = ("requested", "delegated")
APPROVAL_DAYS = 14  # that a request waits, where a customer sets no other number
MOST_DAYS = 90
LIMIT = "limit"  # why one is asked for: it is above what the role may order by itself
BUDGET, CEILING = "budget", "commitment"  # it passes what the account may commit in a month, or owe in all
WHY = (LIMIT, BUDGET, CEILING)


@dataclass(frozen=True)
class ApprovalAsked:
    """A request as it travels with what it is for; `client_id` is the program that asks, where no person does."""

    id: UUID
    subject: str  # order, change or bulk_plan
    subject_id: UUID
    amount: Money
    role: str
    user_id: UUID | None
    client_id: str | None
    days: int = APPROVAL_DAYS
    why: tuple[str, ...] = (LIMIT,)

    @property
    def over_budget(self) -> bool:
        """Whether the yes is also to passing a limit of the account."""
        return BUDGET in self.why or CEILING in self.why


class Approval(db.Model):
    """One request for an approval, and what became of it. `terms` are those that were promised then."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_customer_id_id", "customer_id", "id"),
        Index("ix_approval_reseller_id_id", "reseller_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    account_id: Mapped[UUID] = mapped_column(Id, index=True)
    account_name: Mapped[str] = mapped_column(Text(200))
    subject_kind: Mapped[str] = mapped_column(Text(10))
    subject_id: Mapped[UUID] = mapped_column(Id, index=True)
    run_id: Mapped[UUID | None] = mapped_column(Id)
    label: Mapped[str] = mapped_column(Text(300))
    state: Mapped[str] = mapped_column(Text(12))  # requested, delegated, approved, rejected, expired, withdrawn
    currency: Mapped[str] = mapped_column(Text(3))
    amount_minor: Mapped[int] = mapped_column(Minor)
    terms: Mapped[Any] = mapped_column(Json)
    role: Mapped[str] = mapped_column(Text(20))  # in which it was asked for
    why: Mapped[str | None] = mapped_column(Text(60))  # words with spaces between them; None is LIMIT
    requested_by: Mapped[str] = mapped_column(Text(200))
    requested_by_id: Mapped[UUID | None] = mapped_column(Id)
    requested_by_client: Mapped[str | None] = mapped_column(Text(64))
    requested_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    delegated_to: Mapped[str | None] = mapped_column(Text(320))  # the e-mail address of whom it was left to
    delegated_by: Mapped[str | None] = mapped_column(Text(200))
    decided_by: Mapped[str | None] = mapped_column(Text(200))
    decided_by_id: Mapped[UUID | None] = mapped_column(Id)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(Text(500))
    version: Mapped[int] = mapped_column(Count)

    @property
    def amount(self) -> Money:
        """What is committed to."""
        return Money.from_minor(self.amount_minor, self.currency)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why somebody must say yes: words such as `limit`."""
        return tuple((self.why or LIMIT).split())

    @property
    def is_open(self) -> bool:
        """Whether somebody may still decide."""
        return self.state in OPEN


class OrderingRule(db.Model):
    """What a customer has decided about its own orders. Without a row: no preview needed, `APPROVAL_DAYS` days."""

    __tablename__ = "ordering_rule"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id, unique=True)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    currency: Mapped[str | None] = mapped_column(Text(3))
    preview_above_minor: Mapped[int | None] = mapped_column(Minor)
    approval_days: Mapped[int] = mapped_column(Count)
    version: Mapped[int] = mapped_column(Count)

    @property
    def preview_above(self) -> Money | None:
        """The commitment above which an order must name a preview; None: none must."""
        if self.preview_above_minor is None or self.currency is None:
            return None
        return Money.from_minor(self.preview_above_minor, self.currency)
