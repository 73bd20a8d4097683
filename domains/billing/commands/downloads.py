"""Every look into an invoice's document is written down."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import audit
from domains.kernel.errors import NotFound
from domains.kernel.tenancy import Scope

from ..models import Document, Invoice, InvoiceLine
from ..queries import get_invoice, invoice_lines


def note_download(session: Session, *, scope: Scope, invoice_id: UUID) -> tuple[str, Document]:
    """The invoice's number and document, for one download that the audit trail knows of. NotFound for a stranger's."""
    invoice = get_invoice(session, scope, invoice_id)
    document = session.get(Document, invoice.id)
    if document is None or invoice.number is None:
        raise NotFound("The document is being made. Try again in a minute.", code="document_not_ready")
    after = {"number": invoice.number, "sha256": document.sha256}
    subject = ("invoice", invoice.id)
    audit.record(session, "billing.download_invoice", customer_id=invoice.customer_id, subject=subject, after=after)
    return invoice.number, document


def note_lines_download(session: Session, *, scope: Scope, invoice_id: UUID) -> tuple[Invoice, list[InvoiceLine]]:
    """The invoice with its lines, for one download as a table that the audit trail knows of."""
    invoice = get_invoice(session, scope, invoice_id)
    audit.record(
        session, "billing.download_lines", customer_id=invoice.customer_id, subject=("invoice", invoice.id),
        after={"number": invoice.number},
    )  # fmt: skip
    return invoice, invoice_lines(session, scope, invoice_id)
