"""Quotes as they stand: their terms, until when they hold, and the order that has come of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock, paging
from domains.kernel.errors import N_, Conflict, NotFound
from domains.kernel.money import Money
from domains.kernel.paging import Page
from domains.kernel.tenancy import Scope

from ..models import Preview, Quote
from ..models.quotes import STANDING
from ..pricing import OrderTerms
from .accounts import active_account
from .previews import promised
from .terms import due_later, with_new_ids
from .waiting import order_as_of_today

QUOTE_STATES = ("draft", "sent", "accepted", "declined", "expired", "withdrawn")


@dataclass(frozen=True)
class QuoteView:
    """A quote. `state` accepted: the order `order_id` has taken it up; expired: nobody did in time."""

    id: UUID
    number: str
    customer_id: UUID
    account_id: UUID
    account_name: str
    state: str
    terms: OrderTerms
    commitment: Money
    note: str | None
    made_by: str
    made_at: datetime
    valid_until: datetime
    sent_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    order_id: UUID | None
    version: int

    @property
    def stands(self) -> bool:
        """Whether it may still be taken up."""
        return self.state in STANDING


def get_quote(session: Session, scope: Scope, quote_id: UUID) -> QuoteView:
    """A quote. Refuses one that is not there or not in scope."""
    return _views(session, [find_quote(session, scope, quote_id)])[0]


def find_quote(session: Session, scope: Scope, quote_id: UUID) -> Quote:
    """A quote's row."""
    found: Quote | None = session.scalars(
        select(Quote).where(Quote.id == quote_id, scope.covers(Quote))
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotFound("There is no such quote.", code="quote_not_found", field="quote_id")
    return found


def list_quotes(
    session: Session, scope: Scope, *, customer_id: UUID | None = None, account_id: UUID | None = None,
    state: str | None = None, cursor: str | None = None, limit: int = 50,
) -> Page[QuoteView]:  # fmt: skip
    """The quotes in scope, newest first."""
    asked = {"customer_id": customer_id, "account_id": account_id, "state": state}
    query = select(Quote).where(scope.covers(Quote))
    if customer_id is not None:
        query = query.where(Quote.customer_id == customer_id)
    if account_id is not None:
        query = query.where(Quote.account_id == account_id)
    if state is not None:
        taken = select(Preview.id).where(Preview.id == Quote.preview_id, Preview.redeemed_by.is_not(None)).exists()
        open_, over = Quote.state.in_(STANDING), Quote.valid_until <= clock.now(session)
        query = query.where({
            "accepted": taken, "expired": and_(open_, over, ~taken),
        }.get(state, and_(Quote.state == state, ~taken, or_(~over, ~open_))))  # fmt: skip
    page = paging.page(session, query, Quote.id, cursor=cursor, limit=limit, filters=asked)
    return Page(_views(session, page.items), page.next_cursor)


def quote_terms(session: Session, scope: Scope, quote_id: UUID) -> OrderTerms:
    """The terms on which a quote is taken up now: its prices per unit, the days moved along.

    A conflict when it does not stand any more; refuses what the account could not order today.
    """
    it = get_quote(session, scope, quote_id)
    if not it.stands:
        raise Conflict(N_("This quote does not stand any more. Ask for a new one."), code="quote_closed")
    account = active_account(session, scope, it.account_id)
    row = find_quote(session, scope, quote_id)
    terms = promised(session, scope, row.preview_id, "order", OrderTerms)
    terms = with_new_ids(terms, row.preview_id, terms.po_reference, terms.cost_centre)
    dated = order_as_of_today(
        session, scope, order_id=terms.order_id, account_id=account.id, lines=terms.lines,
        po_reference=terms.po_reference, cost_centre=terms.cost_centre, day=due_later(session, account, terms),
    )  # fmt: skip
    return replace(dated, preview_id=row.preview_id)


def _views(session: Session, rows: list[Quote]) -> list[QuoteView]:
    query = select(Preview.id, Preview.redeemed_by).where(Preview.id.in_([row.preview_id for row in rows]))
    taken = {row.id: row.redeemed_by for row in session.execute(query)}
    now = clock.now(session)
    return [_view(row, taken.get(row.preview_id), now) for row in rows]


def _view(row: Quote, order_id: UUID | None, now: datetime) -> QuoteView:
    over = row.state in STANDING and now >= row.valid_until
    return QuoteView(
        id=row.id, number=row.number, customer_id=row.customer_id, account_id=row.account_id,
        account_name=row.account_name, state="accepted" if order_id else "expired" if over else row.state,
        terms=msgspec.convert(row.terms, OrderTerms, strict=False),
        commitment=Money.from_minor(row.commitment, row.currency), note=row.note, made_by=row.made_by,
        made_at=row.made_at, valid_until=row.valid_until, sent_at=row.sent_at, decided_by=row.decided_by,
        decided_at=row.decided_at, reason=row.reason, order_id=order_id, version=row.version,
    )  # fmt: skip
