"""Invoices on the wire: what is owed for a month, line by line, with its tax and its document."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from domains.billing.documents import address_of
from domains.kernel.money import Money as Sum

from . import Answer, Money, Paged, page_of
from .values import Int, Word, day, identifier, moment


class Party(Answer):
    """Who sells or who buys, as they were when the invoice was made."""

    name = fields.String()
    address = fields.List(fields.String(), metadata={"description": "Line by line, with the country."})
    country = fields.String(metadata={"description": "ISO 3166 code."})
    tax_id = fields.String(allow_none=True)


class InvoiceTax(Answer):
    """One tax sum: rounded once, on the sum of its lines."""

    category = fields.String(metadata={"description": "EN 16931 or PINT code.", "examples": ["S", "AE", "O"]})
    rate = fields.String(metadata={"description": "Percent, as decimal text.", "examples": ["21"]})
    name = fields.String(metadata={"examples": ["VAT Netherlands"]})
    text = fields.String(metadata={"description": "What the law wants said; may be empty."})
    net = fields.Nested(Money)
    tax = fields.Nested(Money)


class InvoiceSummary(Answer):
    """An invoice in a list."""

    id = identifier()
    number = fields.String(metadata={"description": "Without gaps in its series.", "examples": ["EU26-000123"]})
    customer_id = identifier("Who pays it: a direct customer, or a reseller for its end-customers.")
    state = Word("issued", "partially_paid", "paid", "overdue", "credited")
    month = day("The first day of the month it is for.")
    currency = fields.String(metadata={"description": "ISO 4217 code."})
    issued_on = day()
    due_on = day()
    net = fields.Nested(Money)
    tax = fields.Nested(Money)
    total = fields.Nested(Money)
    created_at = moment()


class InvoiceLine(Answer):
    """One charge on an invoice."""

    position = Int(metadata={"format": "int32"})
    charge_id = identifier(attribute="id")
    subscription_id = identifier()
    customer_name = fields.String(metadata={"description": "The end-customer's; empty where the payer uses it."})
    account_name = fields.String()
    kind = Word("activation", "period", "change_quantity", "cancel", "extend", "change_plan", "renewal")
    name = fields.String()
    quantity = Int(metadata={"format": "int32", "description": "Negative for what is given back."})
    unit_price = fields.Nested(Money, attribute="price", metadata={"description": "Per unit and billing cycle."})
    first = day("The first day it is for.")
    last = day("The last day it is for, inclusive.", allow_none=True)
    tax_category = fields.String()
    net = fields.Nested(Money)


class InvoiceDocument(Answer):
    """The file of an invoice."""

    media_type = fields.String()
    size = Int(metadata={"format": "int32", "description": "Bytes."})
    sha256 = fields.String(metadata={"description": "Of the file, in hex."})


class Invoice(InvoiceSummary):
    """An invoice with all that stands on it. Once issued it never changes."""

    seller = fields.Nested(Party)
    buyer = fields.Nested(Party)
    taxes = fields.List(fields.Nested(InvoiceTax))
    lines = fields.List(fields.Nested(InvoiceLine))
    document = fields.Nested(InvoiceDocument, allow_none=True, metadata={"description": "Null while it is made."})


InvoiceList = page_of(InvoiceSummary)


class InvoiceQuery(Paged):
    """Which invoices to list."""

    customer_id = identifier("Only those this customer pays.")


class Mismatch(Answer):
    """A line of what the provider bills us, and why a person should look at it. Its cost is ours, not a sales price."""

    id = identifier()
    line_id = fields.String(metadata={"description": "The provider's own id of it."})
    customer_id = identifier("Who pays us for it; all zeros when nobody we know does.")
    subscription_id = identifier()
    reference = fields.String(allow_none=True, metadata={"description": "What an unknown one is called over there."})
    reason = Word("no_charge", "doubled", "changed", "currency", "costs_more", "unknown", allow_none=True)
    month = day("The first day of the month it is billed in.")
    kind = fields.String()
    quantity = Int(metadata={"format": "int32", "description": "Negative for what is given back."})
    first = day("The first day it is for.")
    last = day("The last day it is for, inclusive.")
    cost = fields.Nested(Money)


MismatchList = page_of(Mismatch)


def shown(invoice: Any, lines: list[Any], document: Any) -> dict[str, Any]:
    """An invoice with its lines and document, as its schema reads it."""
    known = {name: getattr(invoice, name) for name in InvoiceSummary().fields}
    taxes = [
        one | {key: Sum.from_minor(one[f"{key}_minor"], invoice.currency) for key in ("net", "tax")}
        for one in invoice.taxes
    ]
    buyer = invoice.buyer | {"name": invoice.buyer["legal_name"], "address": address_of(invoice.buyer)}
    seller = invoice.seller | {"address": [invoice.seller["street"], invoice.seller["place"]]}
    return known | {"seller": seller, "buyer": buyer, "taxes": taxes, "lines": lines, "document": document}
