"""Reading charges, one by one and by the month, and the invoices made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.errors import NotFound
from domains.kernel.money import Money, UnitPrice
from domains.kernel.paging import Page, page
from domains.kernel.tenancy import Scope

from .models import Charge, CustomerRef, Document, Invoice, InvoiceLine, ProviderLine


@dataclass(frozen=True)
class ChargeView:
    """A charge as its reader knows it: an end-customer at its own price, everybody else at what we invoice.

    `resale_price` and `resale_amount` are what an end-customer pays its reseller, where that is another price; they are
    told to the reseller alone.
    """

    id: UUID
    customer_id: UUID
    account_id: UUID
    account_name: str
    subscription_id: UUID
    source_id: UUID
    kind: str
    name: str
    quantity: int
    price: UnitPrice
    amount: Money
    effective_on: date
    until: date | None
    created_at: datetime
    resale_price: UnitPrice | None = None
    resale_amount: Money | None = None


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
) -> Page[ChargeView]:
    """The caller's charges, newest first, as the caller may know them."""
    filters = {"account_id": account_id, "subscription_id": subscription_id, "customer_id": customer_id}
    query = select(Charge).where(scope.covers(Charge))
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(Charge, name) == value)
    found = page(session, query, Charge.id, cursor=cursor, limit=limit, filters=filters)
    return Page([_charge(row, scope) for row in found.items], found.next_cursor)


def _charge(row: Charge, scope: Scope) -> ChargeView:
    price, amount, resold = row.price, row.amount, row.resold
    paid = Money.from_minor(row.resale_minor, row.currency) if row.resale_minor is not None else None
    if scope.kind == "customer":
        price, amount = resold or price, paid if paid is not None else amount
    tells = scope.kind == "reseller"
    return ChargeView(
        id=row.id, customer_id=row.customer_id, account_id=row.account_id, account_name=row.account_name,
        subscription_id=row.subscription_id, source_id=row.source_id, kind=row.kind, name=row.name,
        quantity=row.quantity, price=price, amount=amount, effective_on=row.effective_on, until=row.until,
        created_at=row.created_at, resale_price=resold if tells else None, resale_amount=paid if tells else None,
    )  # fmt: skip


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
    paid = Charge.amount_minor
    amount = func.coalesce(Charge.resale_minor, paid) if scope.kind == "customer" else paid
    query = select(Charge.currency, Charge.effective_on, func.sum(amount)).where(
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


@dataclass(frozen=True)
class Owed:
    """What an end-customer owes its reseller for a month, net, and what that costs the reseller."""

    customer_id: UUID
    name: str
    amount: Money
    cost: Money

    @property
    def margin(self) -> Money:
        """What is left for the reseller."""
        return self.amount - self.cost


def resale_charges(session: Session, scope: Scope, month: date) -> list[ChargeView]:
    """The charges of a month of a reseller's end-customers, with both prices. For others there are none."""
    if scope.kind != "reseller":
        return []
    begins = month.replace(day=1)
    after = (begins + timedelta(days=32)).replace(day=1)
    query = select(Charge).where(scope.covers(Charge), Charge.reseller_id == scope.customer_id)
    query = query.where(Charge.effective_on >= begins, Charge.effective_on < after)
    rows = session.scalars(query.order_by(Charge.customer_id, Charge.account_name, Charge.effective_on, Charge.id))
    return [_charge(row, scope) for row in rows]


def owed_by_customers(session: Session, scope: Scope, month: date) -> list[Owed]:
    """What each of a reseller's end-customers owes it for a month, by name and currency."""
    sums: dict[tuple[UUID, str], list[Money]] = {}
    charges = resale_charges(session, scope, month)
    for one in charges:
        zero = Money.zero(one.amount.currency)
        held = sums.setdefault((one.customer_id, one.amount.currency), [zero, zero])
        held[0] += one.resale_amount if one.resale_amount is not None else one.amount
        held[1] += one.amount
    names = names_of(session, scope, charges)
    found = [Owed(id, names.get(id, ""), *held) for (id, _code), held in sums.items()]
    return sorted(found, key=lambda one: (one.name.casefold(), one.amount.currency, one.customer_id))


def names_of(session: Session, scope: Scope, charges: Iterable[ChargeView]) -> dict[UUID, str]:
    """The names of the customers whose charges these are."""
    ids = {one.customer_id for one in charges}
    return {id: known.name for id in ids if (known := customer_ref(session, scope, id)) is not None}
