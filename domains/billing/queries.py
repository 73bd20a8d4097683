"""Reading charges, one by one and by the month, and the invoices made of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound
from domains.kernel.money import Money
from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from .models import Charge, CustomerRef, Document, Invoice, InvoiceLine, ProviderLine


@dataclass(frozen=True)
class MonthCost:
    """What a month cost, net; `month` is its first day."""

    month: date
    amount: Money


def list_charges(
    session: Session,
    scope: Scope,
    *,
    account_id: UUID | None = None,
    subscription_id: UUID | None = None,
    customer_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Charge]:
    """The caller's charges, newest first."""
    filters = {"account_id": account_id, "subscription_id": subscription_id, "customer_id": customer_id}
    query = select(Charge).where(scope.covers(Charge))
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(Charge, name) == value)
    return page(session, query, Charge.id, cursor=cursor, limit=limit, filters=filters)


def costs_by_month(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    account_id: UUID | None = None,
    currency: str | None = None,
    months: int = 12,
) -> dict[str, list[MonthCost]]:
    """What the last months cost by currency, oldest first; a month without charges is there with zero.

    The running month is that of the customer's own calendar (of several customers: that of who asks).
    """
    wanted = _months(_today(session, scope, customer_id), months)
    query = select(Charge.currency, Charge.effective_on, func.sum(Charge.amount_minor)).where(
        scope.covers(Charge), Charge.effective_on >= wanted[0]
    )
    for column, value in (
        (Charge.customer_id, customer_id),
        (Charge.account_id, account_id),
        (Charge.currency, currency),
    ):
        if value is not None:
            query = query.where(column == value)
    sums: dict[str, dict[date, int]] = defaultdict(lambda: dict.fromkeys(wanted, 0))
    for code, day, minor in session.execute(query.group_by(Charge.currency, Charge.effective_on)):
        if day.replace(day=1) in sums[code]:
            sums[code][day.replace(day=1)] += int(minor)
    return {
        code: [MonthCost(month, Money.from_minor(minor, code)) for month, minor in found.items()]
        for code, found in sorted(sums.items())
    }


def _today(session: Session, scope: Scope, customer_id: UUID | None) -> date:
    whose = customer_id or scope.customer_id
    known = customer_ref(session, scope, whose) if whose is not None else None
    return clock.local_day(clock.business_now(session), known.time_zone if known is not None else "UTC")


def _months(today: date, count: int) -> list[date]:
    index = today.year * 12 + today.month - 1
    return [date(i // 12, i % 12 + 1, 1) for i in range(index - count + 1, index + 1)]


def customer_ref(session: Session, scope: Scope, customer_id: UUID) -> CustomerRef | None:
    """What is known here of a customer of the caller's, if anything."""
    found: CustomerRef | None = session.get(CustomerRef, customer_id)
    return found if found is not None and scope.allows(found.customer_id, found.reseller_id) else None


@dataclass(frozen=True)
class Payer:
    """Who is invoiced in a currency: a direct customer, or a reseller for its end-customers."""

    payer_id: UUID
    currency: str
    name: str


def payers(session: Session, scope: Scope, until: date) -> list[Payer]:
    """Everybody who was ever charged anything up to a day, once for each currency; sandboxes never."""
    payer = func.coalesce(Charge.reseller_id, Charge.customer_id).label("payer_id")
    tries = select(CustomerRef.customer_id).where(scope.covers(CustomerRef), CustomerRef.sandbox_of.is_not(None))
    query = select(payer, Charge.currency).where(scope.covers(Charge), Charge.effective_on <= until)
    query = query.where(Charge.customer_id.not_in(tries)).distinct()
    found = sorted((row.currency, row.payer_id) for row in session.execute(query))
    names = {id: known.name for _, id in found if (known := customer_ref(session, scope, id)) is not None}
    return [Payer(id, currency, names.get(id, "")) for currency, id in found]


def list_invoices(
    session: Session, scope: Scope, *, customer_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Invoice]:
    """The caller's invoices, newest first. Drafts are nobody's yet."""
    query = select(Invoice).where(scope.covers(Invoice), Invoice.state != "draft")
    if customer_id is not None:
        query = query.where(Invoice.customer_id == customer_id)
    return page(session, query, Invoice.id, cursor=cursor, limit=limit, filters={"customer_id": customer_id})


def get_invoice(session: Session, scope: Scope, invoice_id: UUID) -> Invoice:
    """An issued invoice of the caller's."""
    found: Invoice | None = session.get(Invoice, invoice_id)
    if found is None or found.state == "draft" or not scope.allows(found.customer_id, found.reseller_id):
        raise NotFound("There is no such invoice.", code="invoice_not_found")
    return found


def invoice_lines(session: Session, scope: Scope, invoice_id: UUID) -> list[InvoiceLine]:
    """The lines of an invoice of the caller's, in their order."""
    query = select(InvoiceLine).where(scope.covers(InvoiceLine), InvoiceLine.invoice_id == invoice_id)
    return list(session.scalars(query.order_by(InvoiceLine.position)))


def documents_of(session: Session, scope: Scope, invoice_ids: list[UUID]) -> dict[UUID, Document]:
    """The documents of the caller's invoices, by invoice; one that is being made is not there yet."""
    query = select(Document).where(scope.covers(Document), Document.id.in_(invoice_ids))
    return {one.id: one for one in session.scalars(query)}


def list_mismatches(
    session: Session, scope: Scope, *, cursor: str | None = None, limit: int = 50
) -> Page[ProviderLine]:
    """The provider's lines that a person should look at: they fit no charge of ours, or cost more than they bring."""
    wanted = or_(ProviderLine.state == "mismatch", ProviderLine.reason.is_not(None))
    query = select(ProviderLine).where(scope.covers(ProviderLine), wanted)
    return page(session, query, ProviderLine.id, cursor=cursor, limit=limit, filters={})


def matched_charges(session: Session, scope: Scope, invoice_id: UUID) -> set[UUID]:
    """Those charges on an invoice that a line of the provider agrees with."""
    on_it = select(InvoiceLine.id).where(InvoiceLine.invoice_id == invoice_id)
    query = select(ProviderLine.charge_id).where(
        scope.covers(ProviderLine), ProviderLine.charge_id.in_(on_it), ProviderLine.state == "matched"
    )
    return {id for id in session.scalars(query) if id is not None}
