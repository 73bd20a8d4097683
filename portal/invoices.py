"""Invoices: what is to be paid for each month, why, and the document to keep."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, request

from domains.billing import commands, db, documents, queries
from domains.billing.documents.table import CSV, as_csv
from domains.kernel.money import Money

from .access import requires
from .htmx import page

bp = Blueprint("invoices", __name__, url_prefix="/invoices")


@bp.get("")
@requires("invoices:read")
def index() -> Any:
    """Invoices, newest first."""
    with db.begin_read() as session:
        found = queries.list_invoices(session, g.caller.scope, cursor=request.args.get("cursor"), limit=25)
        kept = queries.documents_of(session, g.caller.scope, [one.id for one in found.items])
    return page("invoices/list.html", found=found, kept=kept)


@bp.get("/<uuid:invoice_id>")
@requires("invoices:read")
def show(invoice_id: UUID) -> Any:
    """One invoice with its lines, its tax, and whether the provider's lines agree."""
    with db.begin_read() as session:
        invoice = queries.get_invoice(session, g.caller.scope, invoice_id)
        lines = queries.invoice_lines(session, g.caller.scope, invoice_id)
        agreed = queries.matched_charges(session, g.caller.scope, invoice_id)
        document = queries.documents_of(session, g.caller.scope, [invoice_id]).get(invoice_id)
    known: dict[str, Any] = {"lines": lines, "agreed": agreed, "document": document, "sums": sums(invoice)}
    known |= {"seller_lines": [invoice.seller[name] for name in ("name", "street", "place")]}
    known |= {"buyer_lines": [invoice.buyer["legal_name"], *documents.address_of(invoice.buyer)]}
    return page("invoices/show.html", invoice=invoice, **known)


@bp.get("/<uuid:invoice_id>/pdf")
@requires("invoices:read")
def pdf(invoice_id: UUID) -> Response:
    """The document, to be saved; the audit trail knows of every download."""
    with db.begin() as session:
        number, document = commands.note_download(session, scope=g.caller.scope, invoice_id=invoice_id)
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"', "Cache-Control": "private, no-store"}
    return Response(documents.read(document.sha256), mimetype=documents.PDF, headers=headers)


@bp.get("/<uuid:invoice_id>/csv")
@requires("invoices:read")
def csv(invoice_id: UUID) -> Response:
    """The lines for a spreadsheet, marked as UTF-8 as spreadsheets need it."""
    with db.begin() as session:
        invoice, lines = commands.note_lines_download(session, scope=g.caller.scope, invoice_id=invoice_id)
        content = as_csv(invoice, lines).encode("utf-8-sig")
    name = f'attachment; filename="{invoice.number}.csv"'
    headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
    return Response(content, mimetype=CSV, headers=headers)


@bp.get("/mismatches")
@requires("operate")
def mismatches() -> Any:
    """What the provider bills us and no charge of ours explains; for staff, because it shows what things cost us."""
    with db.begin_read() as session:
        found = queries.list_mismatches(session, g.caller.scope, cursor=request.args.get("cursor"), limit=25)
        names = {one.customer_id: queries.customer_ref(session, g.caller.scope, one.customer_id) for one in found.items}
    return page("invoices/mismatches.html", found=found, names=names)


def sums(invoice: Any) -> list[dict[str, Any]]:
    """The tax sums of an invoice as money."""
    return [one | {"tax": Money.from_minor(one["tax_minor"], invoice.currency)} for one in invoice.taxes]
