"""An invoice's lines, and what end-customers owe their reseller, as tables for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from domains.kernel import spreadsheet

from ..models import Invoice, InvoiceLine

CSV = spreadsheet.MEDIA_TYPE
COLUMNS = (
    "invoice", "line", "customer", "account", "subscription_id", "kind", "name", "first", "last", "quantity",
    "unit_price", "tax_category", "tax_rate", "net", "currency",
)  # fmt: skip

RESOLD = (
    "customer", "account", "subscription_id", "kind", "name", "first", "last", "quantity", "unit_price", "net",
    "own_unit_price", "own_net", "currency",
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


def resold_csv(charges: Iterable[Any], names: dict[Any, str]) -> str:
    """The charges of a reseller's end-customers: what each pays, and beside it what the reseller pays."""
    return spreadsheet.as_csv(RESOLD, (
        (
            names.get(one.customer_id, ""), one.account_name, one.subscription_id, one.kind, one.name,
            one.effective_on, one.until if one.until != date.max else None, one.quantity,
            _plain((one.resale_price or one.price).amount),
            (one.amount if one.resale_amount is None else one.resale_amount).amount, _plain(one.price.amount),
            one.amount.amount, one.amount.currency,
        )
        for one in charges
    ))  # fmt: skip


def _plain(number: Decimal) -> Decimal:
    """A number without needless zeros, which is written without an exponent."""
    return Decimal(f"{number.normalize():f}")
