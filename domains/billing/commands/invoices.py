"""A month's charges become an invoice: drafted, taxed, and given its number in the moment it becomes final."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from domains.kernel import audit, clock, failpoint
from domains.kernel.database import insert_new, locked
from domains.kernel.errors import NotFound
from domains.kernel.money import Money

from .. import tax
from ..models import Charge, CustomerRef, Invoice, InvoiceLine
from ..numbering import next_number
from .matching import ProviderLine, settle_lines

BUYER = ("name", "legal_name", "street", "postcode", "city", "province", "country", "tax_id")


def draft_invoice(
    session: Session, *, invoice_id: UUID, payer_id: UUID, currency: str, month: date, lines: tuple[ProviderLine, ...]
) -> None:
    """Charge the month's running periods and put all that is not on an invoice yet onto a draft.

    Where there is nothing to pay no draft is made, nor a second one for a month: what comes late waits for the next.
    A period stays charged whatever becomes of the draft.
    """
    settle_lines(session, lines, payer_id=payer_id, month=month)
    if _has_another(session, invoice_id, payer_id, currency, month):
        return
    charges = _uninvoiced(session, payer_id, currency, month)
    if not charges:
        return
    payer = session.get(CustomerRef, payer_id)
    if payer is None:
        raise NotFound("There is no such customer.", code="customer_not_found", field="customer_id")
    seller = tax.seller_for(payer.country, payer.region)
    net = sum((charge.amount for charge in charges), Money.zero(currency)).minor
    row: dict[str, Any] = {
        "id": invoice_id, "customer_id": payer_id, "reseller_id": None, "number": None, "state": "draft",
        "month": month, "currency": currency, "legal_entity": seller.key, "seller": asdict(seller), "buyer": {},
        "taxes": [], "net_minor": net, "tax_minor": 0, "total_minor": net, "created_at": clock.now(session),
    }  # fmt: skip
    insert_new(session, Invoice.__table__, row, "id")
    _put_on(session, invoice_id, payer, charges)


def _has_another(session: Session, invoice_id: UUID, payer_id: UUID, currency: str, month: date) -> bool:
    query = select(Invoice.id).where(
        Invoice.customer_id == payer_id, Invoice.currency == currency, Invoice.month == month, Invoice.id != invoice_id
    )
    return session.scalars(query).first() is not None


def _uninvoiced(session: Session, payer_id: UUID, currency: str, month: date) -> list[Charge]:
    """What a payer owes up to the month's end and has not been invoiced: also what came late for an earlier month."""
    due = Charge.effective_on <= _month_end(month)
    query = select(Charge).where(_paid_by(payer_id), Charge.currency == currency, Charge.invoice_id.is_(None), due)
    ordered = query.order_by(Charge.customer_id, Charge.account_name, Charge.name, Charge.effective_on, Charge.id)
    return list(session.scalars(locked(ordered, Charge.__table__)))


def _paid_by(payer_id: UUID) -> ColumnElement[bool]:
    return or_(and_(Charge.customer_id == payer_id, Charge.reseller_id.is_(None)), Charge.reseller_id == payer_id)


def _month_end(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _put_on(session: Session, invoice_id: UUID, payer: CustomerRef, charges: Sequence[Charge]) -> None:
    ids = {charge.customer_id for charge in charges} - {payer.customer_id}
    names = {id: found.name for id in ids if (found := session.get(CustomerRef, id)) is not None}
    ends = _ends(session, payer.customer_id, charges)
    for position, charge in enumerate(charges, 1):
        charge.invoice_id = invoice_id
        session.add(
            InvoiceLine(
                id=charge.id, invoice_id=invoice_id, customer_id=payer.customer_id, reseller_id=None,
                position=position, customer_name=names.get(charge.customer_id, ""), account_name=charge.account_name,
                subscription_id=charge.subscription_id, kind=charge.kind, name=charge.name, quantity=charge.units,
                unit_price=charge.unit_price, first=charge.effective_on, last=ends[charge.id],
                tax_category="", tax_rate=Decimal(0), currency=charge.currency, net_minor=charge.amount_minor,
            )
        )  # fmt: skip


def _ends(session: Session, payer_id: UUID, charges: Sequence[Charge]) -> dict[UUID, date | None]:
    """The last day of each charge: of seats that come or go, the day until which the others are paid for."""
    without = select(Charge.subscription_id).where(
        _paid_by(payer_id), Charge.invoice_id.is_(None), Charge.until.is_(None)
    )
    query = select(Charge.subscription_id, Charge.effective_on, Charge.until).where(
        Charge.subscription_id.in_(without), Charge.until.is_not(None)
    )
    paid: dict[UUID, list[tuple[date, date]]] = defaultdict(list)
    for subscription_id, first, until in session.execute(query):
        paid[subscription_id].append((first, until or first))
    ends: dict[UUID, date | None] = {}
    for charge in charges:
        over = [until for first, until in paid[charge.subscription_id] if first <= charge.effective_on <= until]
        ends[charge.id] = charge.until or max(over, default=None)
    return ends


def discard_draft(session: Session, *, invoice_id: UUID) -> None:
    """Take a draft back; its charges wait for the next invoice. What is issued stays."""
    found = _locked(session, invoice_id)
    if found is None or found.state != "draft":
        return
    on_it = select(InvoiceLine.id).where(InvoiceLine.invoice_id == invoice_id)
    session.execute(update(Charge).where(Charge.id.in_(on_it)).values(invoice_id=None))
    session.execute(delete(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id))
    session.delete(found)


def finalise_invoice(session: Session, *, invoice_id: UUID) -> None:
    """Tax a draft and give it its number and its days; from now on nothing of it changes.

    Where there is no draft, nothing is due. The day is that of the business clock, in the payer's zone. Refused when
    nobody knows which tax applies.
    """
    found = _locked(session, invoice_id)
    if found is None or found.state != "draft":
        return
    payer = session.get_one(CustomerRef, found.customer_id)
    _tax(session, found, payer)
    issued_on = clock.local_day(clock.business_now(session), payer.time_zone)
    found.number = next_number(session, found.legal_entity, found.seller["prefix"], issued_on.year)
    failpoint.reach("billing.finalise_invoice.numbered")
    found.state, found.issued_on = "issued", issued_on
    found.due_on = issued_on + timedelta(days=payer.payment_terms_days)
    after = {"number": found.number, "currency": found.currency, "total_minor": found.total_minor}
    subject = ("invoice", found.id)
    audit.record(session, "billing.issue_invoice", customer_id=found.customer_id, subject=subject, after=after)


def _tax(session: Session, found: Invoice, payer: CustomerRef) -> None:
    """The payer as it is now, and one tax sum for each category and rate.

    The rate is that of the month a line is for, also where it comes late.
    """
    found.buyer = {name: getattr(payer, name) for name in BUYER}
    seller, ruled = tax.SELLERS[found.legal_entity], []
    query = select(InvoiceLine).where(InvoiceLine.invoice_id == found.id).order_by(InvoiceLine.position)
    for line in session.scalars(query):
        rule = tax.rule_for(seller, payer.country, payer.tax_id, _month_end(line.first))
        line.tax_category, line.tax_rate = rule.category, rule.rate
        ruled.append((rule, line.net))
    sums = tax.tax_sums(ruled, found.currency)
    found.taxes = [tax.as_facts(*one) for one in sums]
    found.tax_minor = sum(owed.minor for _, _, owed in sums)
    found.total_minor = found.net_minor + found.tax_minor


def _locked(session: Session, invoice_id: UUID) -> Invoice | None:
    query = locked(select(Invoice).where(Invoice.id == invoice_id), Invoice.__table__)
    return session.scalars(query).one_or_none()
