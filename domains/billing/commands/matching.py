"""What the provider bills us is held against what we have charged; running periods are charged as they come.

Every day of every seat is charged once: a period begins where earlier charges end. What fits nothing is a mismatch,
kept for a person to look at, and is never passed on by guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel.database import insert_new
from domains.kernel.money import Money
from domains.kernel.proration import prorate

from ..models import Charge
from ..models import ProviderLine as Kept
from .charges import charge_period

_DAY = timedelta(days=1)
_PROVIDER_LINES = UUID("7b0e6f0a-54a5-5c2e-8d0e-6b1f8f3f9a10")  # so that a provider's line has the same id each time


@dataclass(frozen=True)
class ProviderLine:
    """A line of the provider's month as billing reads it; see `services`, which pulls it."""

    line_id: str
    subscription_id: UUID
    kind: str
    quantity: int
    first: date
    after: date
    period_first: date
    period_after: date
    cost: Money


def settle_lines(session: Session, lines: Sequence[ProviderLine], *, payer_id: UUID, month: date) -> None:
    """Hold each line against our charges, charge what has no charge yet, and keep both together."""
    for line in sorted(lines, key=lambda one: (one.first, one.line_id)):
        query = select(Charge).where(Charge.subscription_id == line.subscription_id).order_by(Charge.effective_on)
        charges = list(session.scalars(query))
        charge_id = _match(line, charges) or _charged(session, line, charges)
        row = {
            "id": uuid5(_PROVIDER_LINES, line.line_id), "line_id": line.line_id, "customer_id": payer_id,
            "reseller_id": None, "subscription_id": line.subscription_id, "month": month, "kind": line.kind,
            "quantity": line.quantity, "first": line.first, "after": line.after, "currency": line.cost.currency,
            "cost_minor": line.cost.minor, "state": "matched" if charge_id else "mismatch", "charge_id": charge_id,
        }  # fmt: skip
        insert_new(session, Kept.__table__, row, "id")


def _match(line: ProviderLine, charges: Sequence[Charge]) -> UUID | None:
    """The charge that is there already: for the same units from the same day, or one that paid for these days before.

    The provider's day may be the one before ours: it counts in UTC, we in the customer's zone, which is ahead.
    """
    alike = [one for one in charges if one.units == line.quantity]
    for day in (line.first, line.first + _DAY):
        for one in alike:
            if one.effective_on == day:
                return one.id
    for one in alike:
        if one.until is not None and one.effective_on <= line.first and line.after - _DAY <= one.until:
            return one.id
    return None


def _charged(session: Session, line: ProviderLine, charges: Sequence[Charge]) -> UUID | None:
    """Charge a running period at the sales price, from the day on that is not charged yet; nothing for a mismatch."""
    sold = next((one for one in charges if one.kind == "activation"), None)
    if sold is None or line.quantity <= 0 or line.kind == "refund":
        return None
    paid = max(one.until for one in charges if one.until is not None) if sold.until else line.first - _DAY
    first = max(line.first, paid + _DAY)
    if first >= line.after or line.first < paid:
        return None
    amount = prorate(sold.price, line.quantity, (line.period_first, line.period_after), (first, line.after))
    return charge_period(session, sold, first=first, last=line.after - _DAY, quantity=line.quantity, amount=amount)
