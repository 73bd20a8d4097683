"""An issued invoice is rendered once and its file is put into the document store, outside any transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import insert_new
from domains.kernel.messages import Exchange
from domains.kernel.tenancy import Scope

from . import documents
from .models import Document, Invoice
from .queries import get_invoice, invoice_lines


def _intend(session: Session, *, invoice_id: UUID) -> dict[str, Any] | None:
    """What the document says; None where nothing was due, or where the document is there already."""
    found = session.get(Invoice, invoice_id)
    if found is None or found.state == "draft" or session.get(Document, invoice_id) is not None:
        return None
    scope = Scope.system("render an invoice")
    return documents.facts_of(get_invoice(session, scope, invoice_id), invoice_lines(session, scope, invoice_id))


def _call(facts: dict[str, Any] | None, asked_before: bool) -> documents.Kept | None:
    """Rendered twice after a crash it is the same file under the same name."""
    return documents.keep(documents.render(facts)) if facts is not None else None


def _record(session: Session, answer: documents.Kept | None, *, invoice_id: UUID, payer_id: UUID) -> None:
    if answer is None:
        return
    row = {
        "id": invoice_id, "customer_id": payer_id, "reseller_id": None, "media_type": documents.PDF,
        "size": answer.size, "sha256": answer.sha256, "created_at": clock.now(session),
    }  # fmt: skip
    insert_new(session, Document.__table__, row, "id")


render_invoice = Exchange("billing.render_invoice", _intend, _call, _record)
