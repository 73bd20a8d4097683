"""Orders as customers see them: what was ordered, on which terms, and what became of each line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import paging
from domains.kernel.errors import NotFound
from domains.kernel.money import Money, UnitPrice
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models import Line, Order
from ..pricing import FOREVER, PriceBasis
from .subscriptions import matching


@dataclass(frozen=True)
class OrderLineView:
    """A line of an order and its subscription's id. `state` is pending, accepted or rejected, then with `error`."""

    subscription_id: UUID
    offer_id: UUID
    name: str
    vendor: str
    kind: str
    unit: str
    term: str
    billing_cycle: str
    quantity: int
    unit_price: UnitPrice
    charge_now: Money
    cycle_price: Money
    charged_until: date | None
    valid_to: date | None
    undo_until: datetime | None
    parent_subscription_id: UUID | None
    state: str
    error: dict[str, str | None] | None
    priced_by: PriceBasis | None = None
    payer_price: UnitPrice | None = None  # what a reseller pays, told to it alone
    answers: dict[str, str] | None = None


@dataclass(frozen=True)
class OrderView:
    """An order with its lines. `provider_order_id` is the provider's number; `error` says why it came to nothing."""

    id: UUID
    number: str
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    account_name: str
    state: str
    currency: str
    charge_now: Money
    every_month: Money | None
    commitment: Money
    po_reference: str | None
    cost_centre: str | None
    preview_id: UUID | None
    run_id: UUID | None
    ordered_by: str
    effective_on: date
    provider_order_id: str | None
    error: dict[str, str | None] | None
    placed_at: datetime
    ended_at: datetime | None
    version: int
    lines: tuple[OrderLineView, ...]

    @property
    def kept(self) -> tuple[OrderLineView, ...]:
        """The lines that were not refused."""
        return tuple(line for line in self.lines if line.state != "rejected")

    @property
    def charged(self) -> Money:
        """What is charged at once, without the lines that were refused."""
        return sum((line.charge_now for line in self.kept), Money.zero(self.currency))

    @property
    def monthly(self) -> Money:
        """What is charged every month, without the lines that were refused."""
        found = (line.cycle_price for line in self.kept if line.billing_cycle == "monthly")
        return sum(found, Money.zero(self.currency))


def get_order(session: Session, scope: Scope, order_id: UUID) -> OrderView:
    """An order with its lines. Refuses one that is not there or not in scope."""
    query = select(Order).where(Order.id == order_id, scope.covers(Order))
    found: Order | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such order.", code="order_not_found", field="order_id")
    return _views(session, scope, [found])[0]


def list_orders(
    session: Session,
    scope: Scope,
    *,
    customer_id: UUID | None = None,
    account_id: UUID | None = None,
    state: str | None = None,
    q: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[OrderView]:
    """Orders in scope, newest first, by customer, account, state, and words in number or account (or an exact id)."""
    asked = {"customer_id": customer_id, "account_id": account_id, "state": state, "q": q}
    query = select(Order).where(scope.covers(Order))
    if customer_id is not None:
        query = query.where(Order.customer_id == customer_id)
    if account_id is not None:
        query = query.where(Order.account_id == account_id)
    if state is not None:
        query = query.where(Order.state == state)
    if q.strip():
        query = matching(query, Order, q)
    page = paging.page(session, query, Order.id, cursor=cursor, limit=limit, filters=asked)
    return Page(_views(session, scope, page.items), page.next_cursor)


def _views(session: Session, scope: Scope, orders: Sequence[Order]) -> list[OrderView]:
    query = select(Line).where(Line.order_id.in_([order.id for order in orders])).order_by(Line.position)
    lines: dict[UUID, list[OrderLineView]] = {}
    for line in session.scalars(query):
        lines.setdefault(line.order_id, []).append(_line(line, scope))
    return [_view(order, tuple(lines.get(order.id, ()))) for order in orders]


def _error(row: Order | Line) -> dict[str, str | None] | None:
    return {"code": row.error_code, "detail": row.error_detail} if row.error_code else None


def _view(row: Order, lines: tuple[OrderLineView, ...]) -> OrderView:
    every_month = None if row.every_month is None else Money.from_minor(row.every_month, row.currency)
    return OrderView(
        id=row.id, number=row.number, customer_id=row.customer_id, reseller_id=row.reseller_id,
        account_id=row.account_id, account_name=row.account_name, state=row.state, currency=row.currency,
        charge_now=Money.from_minor(row.charge_now, row.currency), every_month=every_month,
        commitment=Money.from_minor(row.commitment, row.currency), po_reference=row.po_reference,
        cost_centre=row.cost_centre, preview_id=row.preview_id, run_id=row.run_id, ordered_by=row.ordered_by,
        effective_on=row.effective_on, provider_order_id=row.provider_order_id, error=_error(row),
        placed_at=row.placed_at, ended_at=row.ended_at, version=row.version, lines=lines,
    )  # fmt: skip


def _line(row: Line, scope: Scope) -> OrderLineView:
    return OrderLineView(
        subscription_id=row.subscription_id, offer_id=row.offer_id, name=row.name, vendor=row.vendor, kind=row.kind,
        unit=row.unit, term=row.term, billing_cycle=row.billing_cycle, quantity=row.quantity,
        unit_price=UnitPrice(row.unit_price, row.currency), charge_now=Money.from_minor(row.charge_now, row.currency),
        cycle_price=Money.from_minor(row.cycle_price, row.currency), charged_until=row.charged_until,
        valid_to=None if row.valid_to == FOREVER else row.valid_to, undo_until=row.undo_until,
        parent_subscription_id=row.parent_subscription_id, state=row.state, error=_error(row),
        priced_by=msgspec.convert(row.priced_by, PriceBasis, strict=False) if row.priced_by else None,
        payer_price=_payer_price(row) if scope.kind == "reseller" else None,
        answers=row.answers,
    )  # fmt: skip


def _payer_price(row: Line) -> UnitPrice | None:
    return UnitPrice(row.payer_price, row.currency) if row.payer_price is not None else None
