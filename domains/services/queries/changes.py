"""The terms of a change: whether it is allowed now, what it costs or gives back, and until when it can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.kernel.errors import Conflict, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Subscription
from ..models.actions import Standing, check_change
from ..pricing import MONTHLY, ChangeTerms, added_commitment, estimate, extension, paid_for, rest_of_period
from .accounts import account_for_change
from .previews import mismatch, promised
from .subscriptions import find, standing_of
from .terms import next_invoice


@dataclass(frozen=True)
class ChangePreview:
    """What a change would mean. When it is not allowed there are no terms, but a reason and what is possible.

    `id` and `expires_at` are those of the stored promise.
    """

    allowed: bool
    id: UUID | None = None
    expires_at: datetime | None = None
    reason_code: str | None = None
    reason: str | None = None
    available_from: datetime | None = None
    terms: ChangeTerms | None = None
    allowed_end_dates: tuple[date, ...] = ()


def change_terms(
    session: Session,
    scope: Scope,
    *,
    subscription_id: UUID,
    action: str,
    quantity: int | None = None,
    valid_to: date | None = None,
    mode: str | None = None,
    preview_id: UUID | None = None,
) -> ChangeTerms:
    """Check and price a change; with a preview, at the prices that it promises.

    `action` is change_quantity (with `quantity`), cancel (with `mode` now or end_of_term) or extend (with `valid_to`,
    the new inclusive last day). Refuses what the provider's rules do not allow now, with what is possible and when.
    """
    subscription = find(session, scope, subscription_id)
    at = standing_of(session, scope, subscription)
    mode = mode or ("now" if action == "cancel" else None)
    check_change(at, kind=action, quantity=quantity, mode=mode, valid_to=valid_to)
    buys = adds(subscription, action, quantity)
    account = account_for_change(session, scope, subscription.account_id, buys=buys)
    fresh = _terms(at, account, action, quantity, mode, valid_to)
    if preview_id is None:
        return fresh
    kept = promised(session, scope, preview_id, "change", ChangeTerms)
    if _wish(kept) != _wish(fresh):
        raise mismatch("The preview is for another change, or the subscription has changed since. Make a new one.")
    return replace(kept, change_id=new_id(), preview_id=preview_id, subscription_version=fresh.subscription_version)


def change_preview(
    session: Session,
    scope: Scope,
    *,
    subscription_id: UUID,
    action: str,
    quantity: int | None = None,
    valid_to: date | None = None,
    mode: str | None = None,
) -> ChangePreview:
    """As `change_terms`, but what is not allowed now is an answer and not an error. Nonsense is still refused."""
    ends = standing_of(session, scope, find(session, scope, subscription_id)).end_dates
    try:
        terms = change_terms(
            session, scope, subscription_id=subscription_id, action=action, quantity=quantity, valid_to=valid_to,
            mode=mode,
        )  # fmt: skip
    except (Refused, Conflict) as no:
        again = no.params.get("available_from")
        return ChangePreview(False, None, None, no.code, no.detail, again, None, ends)
    return ChangePreview(True, terms=terms, allowed_end_dates=ends)


def adds(subscription: Subscription, action: str, quantity: int | None) -> bool:
    """Whether a change buys something: more units, or more time."""
    return action == "extend" or (action == "change_quantity" and (quantity or 0) > subscription.quantity)


def _wish(terms: ChangeTerms) -> tuple[object, ...]:
    """What makes a change this change and no other."""
    what = (terms.subscription_id, terms.kind, terms.mode, terms.from_quantity, terms.to_quantity)
    return (*what, terms.valid_to, terms.valid_to_wish)


def _terms(
    at: Standing, account: AccountRef, kind: str, quantity: int | None, mode: str | None, valid_to: date | None
) -> ChangeTerms:
    row = at.subscription
    to_quantity = quantity if kind == "change_quantity" and quantity is not None else row.quantity
    charge_now, every_month, commitment = _amounts(at, kind, to_quantity, mode, valid_to)
    zero = Money.zero(row.currency)
    grows = to_quantity > row.quantity
    return ChangeTerms(
        change_id=new_id(), subscription_id=row.id, account_id=row.account_id, customer_id=row.customer_id,
        reseller_id=row.reseller_id, account_name=row.account_name, number=row.number, name=row.name, kind=kind,
        from_quantity=row.quantity, to_quantity=to_quantity, mode=mode if kind == "cancel" else None,
        valid_to=row.valid_to, valid_to_wish=valid_to if kind == "extend" else None, currency=row.currency,
        unit_price=row.unit_price, charge_now=charge_now, refund=max(-charge_now, zero), every_month=every_month,
        commitment=commitment,
        reserve=row.unit_price.times(to_quantity - row.quantity) if grows else max(charge_now, zero),
        effective_on=at.today, undo_until=_undo_until(at) if grows else None,
        tax_estimate=estimate(charge_now, account.country),
        next_invoice=next_invoice(charge_now + every_month, at.today, account.country),
        allowed_end_dates=at.end_dates, subscription_version=row.version,
    )  # fmt: skip


def _undo_until(at: Standing) -> datetime | None:
    hours = at.subscription.terms_of_offer.get("return_window_hours")
    returns = at.subscription.terms_of_offer.get("returnable", True)
    return at.now + timedelta(hours=hours) if hours and returns else None


def _amounts(
    at: Standing, kind: str, to_quantity: int, mode: str | None, valid_to: date | None
) -> tuple[Money, Money, Money]:
    """(charged now, more or less each month, more or less over the term) of a change made today."""
    row, price = at.subscription, at.subscription.unit_price
    zero = Money.zero(row.currency)
    if kind == "extend" and valid_to is not None:
        span: dict[str, Any] = {"first": row.valid_from, "valid_to": row.valid_to, "until": valid_to}
        span["billing_cycle"] = row.billing_cycle
        now = extension(price, row.quantity, day=at.charged_on, paid_until=row.paid_until, **span)
        return now, zero, added_commitment(price, row.quantity, **span)
    if mode == "end_of_term":
        return zero, zero, zero
    units = -row.quantity if kind == "cancel" else to_quantity - row.quantity
    now = _for_units(at, abs(units))
    later = _later(at, abs(units))
    every_month = price.times(abs(units)) if row.billing_cycle == MONTHLY else zero
    if units < 0:
        return -now, -every_month, -(now + later)
    return now, every_month, now + later


def _for_units(at: Standing, units: int) -> Money:
    row = at.subscription
    return rest_of_period(
        row.unit_price, units, day=at.charged_on, first=row.valid_from, valid_to=row.valid_to,
        billing_cycle=row.billing_cycle, paid_until=row.paid_until,
    )  # fmt: skip


def _later(at: Standing, units: int) -> Money:
    """What units cost after the last day that is paid for, to the end of the term."""
    row = at.subscription
    paid = paid_for(at.charged_on, row.valid_from, row.valid_to, row.billing_cycle, row.paid_until)
    if paid >= row.valid_to:
        return Money.zero(row.currency)
    span = {"first": row.valid_from, "valid_to": paid, "until": row.valid_to}
    return added_commitment(row.unit_price, units, billing_cycle=row.billing_cycle, **span)
