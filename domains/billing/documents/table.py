"""An invoice's lines as a table for a spreadsheet, in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from domains.kernel.spreadsheet import harmless

from ..models import Invoice, InvoiceLine

CSV = "text/csv"
COLUMNS = (
    "invoice", "line", "customer", "account", "subscription_id", "kind", "name", "first", "last", "quantity",
    "unit_price", "tax_category", "tax_rate", "net", "currency",
)  # fmt: skip


def as_csv(invoice: Invoice, lines: Iterable[InvoiceLine]) -> str:
    """The lines, one a row below their columns' names; amounts and days as programs write them."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for line in lines:
        rows.writerow((
            invoice.number, line.position, harmless(line.customer_name), harmless(line.account_name),
            line.subscription_id, line.kind, harmless(line.name), line.first, line.last or "", line.quantity,
            f"{line.unit_price.normalize():f}", line.tax_category, f"{line.tax_rate.normalize():f}", line.net.amount,
            line.currency,
        ))  # fmt: skip
    return out.getvalue()
