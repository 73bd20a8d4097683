"""An invoice's lines as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from domains.kernel import spreadsheet

from ..models import Invoice, InvoiceLine

CSV = spreadsheet.MEDIA_TYPE
COLUMNS = (
    "invoice", "line", "customer", "account", "subscription_id", "kind", "name", "first", "last", "quantity",
    "unit_price", "tax_category", "tax_rate", "net", "currency",
)  # fmt: skip


def as_csv(invoice: Invoice, lines: Iterable[InvoiceLine]) -> str:
    """The lines, one a row below their columns' names; amounts and days as programs write them."""
    return spreadsheet.as_csv(COLUMNS, (
        (
            invoice.number, line.position, line.customer_name, line.account_name, line.subscription_id, line.kind,
            line.name, line.first, line.last, line.quantity, _plain(line.unit_price), line.tax_category,
            _plain(line.tax_rate), line.net.amount, line.currency,
        )
        for line in lines
    ))  # fmt: skip


def _plain(number: Decimal) -> Decimal:
    """A number without needless zeros, which is written without an exponent."""
    return Decimal(f"{number.normalize():f}")
