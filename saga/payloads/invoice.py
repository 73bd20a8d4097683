"""What travels through a month's invoice: whose, for which month and currency, and the id it will have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domains.kernel.database import new_id

NOBODY = UUID(int=0)  # runs of the house belong to no customer


@dataclass(frozen=True, kw_only=True)
class IssueInvoices:
    """The payer is a direct customer, or a reseller for its end-customers. The run itself is the house's."""

    payer_id: UUID
    currency: str
    month: date
    invoice_id: UUID
    customer_id: UUID = NOBODY
    reseller_id: UUID | None = None

    @classmethod
    def of(cls, payer_id: UUID, currency: str, month: date) -> IssueInvoices:
        """The invoice of a payer for a month, which `month` is the first day of."""
        return cls(payer_id=payer_id, currency=currency, month=month, invoice_id=new_id())

    @property
    def resource(self) -> tuple[str, UUID]:
        return "invoice", self.invoice_id


@dataclass(frozen=True, kw_only=True)
class CheckMonth:
    """The month whose lines of the provider are looked through."""

    month: date
    customer_id: UUID = NOBODY
    reseller_id: UUID | None = None
