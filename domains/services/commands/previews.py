"""Promises: terms are signed and kept, hold for half an hour, and are redeemed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from domains.kernel import clock
from domains.kernel.database import locked, new_id
from domains.kernel.tenancy import Scope

from ..models import Preview as Row
from ..pricing import ChangeTerms, LineWish, OrderLine, OrderTerms
from ..queries import ChangePreview, change_preview, order_terms, why_ask
from ..queries.previews import is_ours, mismatch, signature_of, used

HOLDS_FOR = timedelta(minutes=30)


@dataclass(frozen=True)
class Preview:
    """A promise as the customer gets it: what, until when, and the signature that proves it is ours.

    `why_ask` says why it will wait for somebody's yes; empty when it need not.
    """

    id: UUID
    expires_at: datetime
    signature: str
    terms: OrderTerms | ChangeTerms
    why_ask: tuple[str, ...] = ()


def promise_order(session: Session, *, terms: OrderTerms, holds: timedelta = HOLDS_FOR) -> Preview:
    """Sign the terms of an order and hold them for 30 minutes, or for as long as a quote holds."""
    return _promise(session, "order", terms, holds)


def promise_change(session: Session, *, terms: ChangeTerms) -> Preview:
    """Sign the terms of a change and hold them for 30 minutes."""
    return _promise(session, "change", terms)


def preview_order(
    session: Session,
    *,
    scope: Scope,
    account_id: UUID,
    lines: Sequence[LineWish],
    po_reference: str | None = None,
    cost_centre: str | None = None,
    starts_on: date | None = None,
    role: str = "",
) -> Preview:
    """Check, price and promise an order in one go, and say whether who orders in a `role` must ask for it.

    Refuses what `queries.order_terms` refuses.
    """
    terms = order_terms(
        session, scope, account_id=account_id, lines=lines, po_reference=po_reference, cost_centre=cost_centre,
        starts_on=starts_on,
    )  # fmt: skip
    promise, asked = promise_order(session, terms=terms), why_ask(session, scope, terms, role)
    return replace(promise, terms=shown_to(scope, terms), why_ask=asked)


def shown_to(scope: Scope, terms: OrderTerms) -> OrderTerms:
    """The terms as somebody may know them: what a reseller pays is told to it alone."""
    if scope.kind == "reseller":
        return terms
    return replace(terms, lines=tuple(replace(line, payer_price=None) for line in terms.lines))


def preview_change(
    session: Session, *, scope: Scope, subscription_id: UUID, action: str, role: str = "", **wish: Any
) -> ChangePreview:  # fmt: skip
    """Check, price and promise a change; one that is not allowed now is answered with its reason, not refused.

    The wishes are those of `queries.change_terms`. It says whether who asks in a `role` must wait for a yes.
    """
    found = change_preview(session, scope, subscription_id=subscription_id, action=action, **wish)
    if found.terms is None:
        return found
    promise = promise_change(session, terms=found.terms)
    why = why_ask(session, scope, found.terms, role)
    return replace(found, id=promise.id, expires_at=promise.expires_at, why_ask=why)


def _promise(
    session: Session, kind: str, terms: OrderTerms | ChangeTerms, holds: timedelta = HOLDS_FOR
) -> Preview:  # fmt: skip
    expires_at = (clock.now(session) + holds).replace(microsecond=0)
    row = Row(
        id=new_id(), customer_id=terms.customer_id, reseller_id=terms.reseller_id, kind=kind,
        terms=msgspec.to_builtins(terms), expires_at=expires_at, redeemed_by=None,
    )  # fmt: skip
    row.signature = signature_of(row)
    session.add(row)
    return Preview(row.id, expires_at, row.signature, terms)


def redeem(session: Session, preview_id: UUID | None, customer_id: UUID, by: UUID) -> Row | None:
    """Take a promise up for one order or change. Refuses one that another has taken up."""
    if preview_id is None:
        return None
    query = select(Row).where(Row.id == preview_id, Row.customer_id == customer_id)
    found: Row | None = session.scalars(locked(query, Row.__table__)).one_or_none()
    if found is None:
        raise mismatch("There is no such preview.")
    if found.redeemed_by not in (None, by):
        raise used()
    found.redeemed_by = by
    return found


def check_promised(promise: Row, lines: Sequence[OrderLine]) -> None:
    """Refuse lines at other prices than a promise holds. Its days may have moved along: the amounts go by them."""
    if promise.kind != "order" or not is_ours(promise):
        raise mismatch("This preview does not hold for this. Make a new one.")
    kept = msgspec.convert(promise.terms, OrderTerms, strict=False)
    if [_deal(line) for line in kept.lines] != [_deal(line) for line in lines]:
        raise mismatch("These are not the lines of the preview. Make a new one for them.")


def _deal(line: OrderLine) -> tuple[object, ...]:
    return (
        line.offer_id,
        line.quantity,
        line.term,
        line.billing_cycle,
        line.unit_price,
        line.cycle_price,
        line.payer_price,
        line.answers,
    )


def release(session: Session, preview_id: UUID | None, by: UUID) -> None:
    """Give a promise back that came to nothing, so that it can be taken up again while it lasts."""
    found = session.get(Row, preview_id) if preview_id is not None else None
    if found is not None and found.redeemed_by == by:
        found.redeemed_by = None


def forget_expired(session: Session, *, most: int = 1000) -> int:
    """Delete promises that ran out more than a day ago without being taken up; gives how many."""
    long_ago = clock.now(session) - timedelta(days=1)
    query = select(Row.id).where(Row.expires_at < long_ago, Row.redeemed_by.is_(None))
    expired = list(session.scalars(query.order_by(Row.id).limit(most)))
    session.execute(delete(Row).where(Row.id.in_(expired)))
    return len(expired)
