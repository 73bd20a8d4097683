"""All that has happened to a subscription, newest first: its order, its changes, decisions, reminders and renewals.

Nothing is ever taken out of it; a person who is erased loses their name in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.money import Money
from domains.kernel.paging import Page, checked_limit, decode_cursor, encode_cursor
from domains.kernel.tenancy import Scope

from ..models import Change, HistoryLine, Line, Order, Subscription
from .subscriptions import find


@dataclass(frozen=True)
class Happening:
    """One thing that has happened: `kind` says what (order, change, decision, owner, reminder, renewal, provider),
    `facts` what exactly. `amount` is what it cost or gave back, net; `run_id` the operation it was done by.
    """

    id: UUID
    at: datetime
    kind: str
    action: str
    state: str
    by: str
    by_id: UUID | None
    amount: Money | None
    run_id: UUID | None
    detail: str | None
    facts: dict[str, Any] = field(default_factory=dict)


def history_of(
    session: Session, scope: Scope, subscription_id: UUID, *, cursor: str | None = None, limit: int = 50
) -> Page[Happening]:
    """What has happened to a subscription, newest first. NotFound when it is not in scope."""
    row, size = find(session, scope, subscription_id), checked_limit(limit)
    asked = {"subscription_id": subscription_id}
    rows = [*_order(session, scope, row), *_changes(session, scope, row), *_lines(session, scope, row)]
    rows.sort(key=lambda one: (one.at, one.id), reverse=True)
    if cursor:
        last = UUID(bytes=decode_cursor(cursor, asked))
        seen = next((place for place, one in enumerate(rows) if one.id == last), len(rows))
        rows = rows[seen + 1 :]
    more = encode_cursor(rows[size - 1].id.bytes, asked) if len(rows) > size else None
    return Page(rows[:size], more)


def _order(session: Session, scope: Scope, row: Subscription) -> list[Happening]:
    """The order it came from; none when it was bought directly at the provider."""
    query = select(Order, Line).join(Line, Line.order_id == Order.id)
    query = query.where(Line.subscription_id == row.id, scope.covers(Order))
    return [
        Happening(
            order.id, order.placed_at, "order", "place_order", order.state, order.ordered_by, order.ordered_by_id,
            Money.from_minor(line.charge_now, line.currency), order.run_id, line.error_detail,
            {"order_id": str(order.id), "number": order.number, "quantity": line.quantity},
        )
        for order, line in session.execute(query)
    ]  # fmt: skip


def _changes(session: Session, scope: Scope, row: Subscription) -> list[Happening]:
    query = select(Change).where(Change.subscription_id == row.id, scope.covers(Change))
    found = session.scalars(query.order_by(Change.id.desc()))
    return [
        Happening(
            one.id, one.begun_at, "change", one.kind, one.state, one.requested_by, one.requested_by_id,
            Money.from_minor(one.charge_now, one.currency) if one.charge_now is not None else None, one.run_id,
            one.error_detail, _facts_of(one),
        )
        for one in found
    ]  # fmt: skip


def _facts_of(one: Change) -> dict[str, Any]:
    facts: dict[str, Any] = {"mode": one.mode} if one.mode else {}
    if one.from_quantity != one.to_quantity:
        facts |= {"from_quantity": one.from_quantity, "to_quantity": one.to_quantity}
    if one.to_valid_to is not None:
        facts |= {"from_valid_to": one.from_valid_to.isoformat(), "to_valid_to": one.to_valid_to.isoformat()}
    return facts


def _lines(session: Session, scope: Scope, row: Subscription) -> list[Happening]:
    query = select(HistoryLine).where(HistoryLine.subscription_id == row.id, scope.covers(HistoryLine))
    return [
        Happening(
            one.id, one.at, one.kind, str(one.facts.get("mode") or one.facts.get("outcome") or one.kind), "done",
            one.by, one.by_id, _amount(one.facts), one.run_id, None, dict(one.facts),
        )
        for one in session.scalars(query.order_by(HistoryLine.id.desc()))
    ]  # fmt: skip


def _amount(facts: dict[str, Any]) -> Money | None:
    currency, _blank, amount = str(facts.get("amount", "")).partition(" ")
    return Money.of(amount, currency) if amount else None
