"""Up to which amount each role of a customer may order without approval."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domains.kernel.columns import Count, Id, Minor, Text
from domains.kernel.money import Money

from .database import db

ORDERING = ("owner", "buyer", "client")  # those that may order; client: the customer's programs


class ApprovalLimit(db.Model):
    """The largest commitment that a role of a customer may order by itself. Without a row there is no limit."""

    __tablename__ = "approval_limit"
    __table_args__ = (UniqueConstraint("customer_id", "role"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(Id)
    reseller_id: Mapped[UUID | None] = mapped_column(Id)
    role: Mapped[str] = mapped_column(Text(20))
    currency: Mapped[str] = mapped_column(Text(3))
    amount_minor: Mapped[int] = mapped_column(Minor)
    version: Mapped[int] = mapped_column(Count)

    @property
    def limit(self) -> Money:
        """The amount that is still ordered without approval."""
        return Money.from_minor(self.amount_minor, self.currency)
