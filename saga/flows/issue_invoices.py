"""A month has ended: what the provider bills us is held against what we charged, and the payer gets an invoice.

The invoice becomes final, with its number, in one transaction; that is the point of no return. Only then is it
rendered, once, and kept.
"""

from __future__ import annotations

from domains.billing import commands as billing
from domains.billing import exchanges as documents
from domains.services import exchanges as provider

from ..definition import N_, Saga, pivot, query, step
from ..payloads.invoice import IssueInvoices

issue_invoices = Saga("issue-invoices", IssueInvoices, (
    query(provider.pull_month, gives=("lines",), title=N_("Fetch what the provider bills")),
    step(billing.draft_invoice, compensation=billing.discard_draft, title=N_("Put the charges on an invoice")),
    pivot(billing.finalise_invoice, title=N_("Give it its number")),
    step(documents.render_invoice, title=N_("Make the document")),
))  # fmt: skip
