"""Quotes: made of lines or of a cart, sent, declined or withdrawn. Who orders by one has accepted it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked, next_number
from domains.kernel.errors import N_, Conflict, Invalid
from domains.kernel.messages import publish
from domains.kernel.tenancy import Caller

from ..events import QuoteSent
from ..models import Quote
from ..models.quotes import MOST_DAYS
from ..pricing import LineWish
from ..queries import get_quote, order_terms
from ..queries.quotes import find_quote
from .previews import promise_order


def make_quote(
    session: Session, *, caller: Caller, quote_id: UUID, account_id: UUID, lines: Sequence[LineWish], valid_days: int,
    po_reference: str | None = None, cost_centre: str | None = None, starts_on: date | None = None,
    note: str | None = None,
) -> None:  # fmt: skip
    """Price an order and promise it for some days. Doing it twice with the same id does it once.

    Refuses what `queries.order_terms` refuses, and a number of days that makes no sense.
    """
    if session.get(Quote, quote_id) is not None:
        return
    if not 1 <= valid_days <= MOST_DAYS:
        text = N_("A quote holds 1 to %(most)s days.")
        raise Invalid(text, code="days_out_of_range", field="valid_days", most=MOST_DAYS)
    known: dict[str, Any] = {"po_reference": po_reference, "cost_centre": cost_centre, "starts_on": starts_on}
    terms = order_terms(session, caller.scope, account_id=account_id, lines=lines, **known)
    promise = promise_order(session, terms=terms, holds=timedelta(days=valid_days))
    now = clock.business_now(session)
    row = Quote(
        id=quote_id, number=next_number(session, "QUO", now.year), customer_id=terms.customer_id,
        reseller_id=terms.reseller_id, account_id=account_id, account_name=terms.account_name, state="draft",
        preview_id=promise.id, currency=terms.currency, commitment=terms.commitment.minor,
        terms=msgspec.to_builtins(terms), note=(note or "").strip()[:1000] or None, made_by=caller.actor.name,
        made_by_id=_person(caller), made_at=now, valid_until=promise.expires_at, version=1,
    )  # fmt: skip
    session.add(row)
    _audit(session, "services.make_quote", row)


def send_quote(session: Session, *, caller: Caller, quote_id: UUID, version: int | None = None) -> None:
    """Put a quote before those who may order: the customer's owners are told. Sent twice, it is sent once."""
    row = _standing(session, caller, quote_id, version)
    if row.state == "sent":
        return
    row.state, row.sent_at, row.version = "sent", clock.business_now(session), row.version + 1
    until, amount = row.valid_until, get_quote(session, caller.scope, quote_id).commitment
    event = QuoteSent(row.version, row.id, row.customer_id, row.reseller_id, row.number, row.account_name, amount,
                      row.made_by, until, row.made_by_id)  # fmt: skip
    publish(session, event)
    _audit(session, "services.send_quote", row)


def decline_quote(
    session: Session, *, caller: Caller, quote_id: UUID, reason: str | None = None, version: int | None = None
) -> None:
    """Say no to a quote; whoever has made it withdraws it by that. It is not taken up any more."""
    row = _standing(session, caller, quote_id, version)
    mine = row.made_by_id is not None and row.made_by_id == _person(caller)
    row.state, row.decided_by, row.decided_by_id = "withdrawn" if mine else "declined", caller.actor.name, None
    row.decided_by_id, row.decided_at = _person(caller), clock.business_now(session)
    row.reason, row.version = (reason or "").strip()[:500] or None, row.version + 1
    _audit(session, "services.decline_quote", row)


def _standing(session: Session, caller: Caller, quote_id: UUID, version: int | None) -> Quote:
    find_quote(session, caller.scope, quote_id)
    row: Quote = session.scalars(locked(select(Quote).where(Quote.id == quote_id), Quote.__table__)).one()
    if version not in (None, row.version):
        raise Conflict(N_("The quote has changed since you looked. Look again."), code="version_conflict")
    if not get_quote(session, caller.scope, quote_id).stands:
        raise Conflict(N_("This quote does not stand any more. Ask for a new one."), code="quote_closed")
    return row


def _person(caller: Caller) -> UUID | None:
    return UUID(caller.actor.id) if caller.actor.kind == "user" else None


def _audit(session: Session, action: str, row: Quote) -> None:
    after = {"number": row.number, "state": row.state, "commitment": row.commitment, "currency": row.currency}
    subject = ("quote", row.id)
    audit.record(session, action, customer_id=row.customer_id, subject=subject, after=after)
