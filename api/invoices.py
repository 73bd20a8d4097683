"""See what is to be paid for a month, and fetch the document."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g

from domains.billing import commands, db, documents, queries
from domains.billing.documents.table import as_csv

from .auth import requires
from .blueprint import Blueprint
from .schemas import listing
from .schemas.invoices import Invoice, InvoiceList, InvoiceQuery, shown

blp = Blueprint("invoices", __name__, url_prefix="/invoices", description=__doc__)


@blp.get("")
@requires("invoices:read")
@blp.query(InvoiceQuery)
@blp.response(200, InvoiceList)
def list_invoices(wish: dict[str, Any]) -> Any:
    """List invoices, newest first."""
    with db.begin_read() as session:
        return listing(queries.list_invoices(session, g.caller.scope, **wish))


@blp.get("/<uuid:invoice_id>")
@requires("invoices:read")
@blp.response(200, Invoice)
def get_invoice(invoice_id: UUID) -> Any:
    """Get an invoice with its lines."""
    with db.begin_read() as session:
        found = queries.get_invoice(session, g.caller.scope, invoice_id)
        lines = queries.invoice_lines(session, g.caller.scope, invoice_id)
        document = queries.documents_of(session, g.caller.scope, [invoice_id]).get(invoice_id)
    return shown(found, lines, document)


@blp.get("/<uuid:invoice_id>/pdf")
@requires("invoices:read")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
def download_invoice_pdf(invoice_id: UUID) -> Response:
    """Download an invoice as PDF.

    Every download is kept in the audit trail.
    """
    with db.begin() as session:
        number, document = commands.note_download(session, scope=g.caller.scope, invoice_id=invoice_id)
    return as_download(number, document.sha256)


@blp.get("/<uuid:invoice_id>/csv")
@requires("invoices:read")
@blp.response(200, {"type": "string"}, content_type="text/csv")
def download_invoice_csv(invoice_id: UUID) -> Response:
    """Download an invoice's lines as CSV.

    A text that a spreadsheet would take for a formula has an apostrophe before it. Every download is kept in the
    audit trail.
    """
    with db.begin() as session:
        invoice, lines = commands.note_lines_download(session, scope=g.caller.scope, invoice_id=invoice_id)
        content = as_csv(invoice, lines)
    headers = {
        "Content-Disposition": f'attachment; filename="{invoice.number}.csv"', "Cache-Control": "private, no-store",
    }  # fmt: skip
    return Response(content, content_type="text/csv; charset=utf-8", headers=headers)


def as_download(number: str, sha256: str) -> Response:
    """A document as a file that is saved under the invoice's number, and that nobody on the way may keep."""
    headers = {
        "Content-Disposition": f'attachment; filename="{number}.pdf"',
        "Cache-Control": "private, no-store", "Content-Digest": documents.content_digest(sha256),
    }  # fmt: skip
    return Response(documents.read(sha256), mimetype=documents.PDF, headers=headers)
