"""The terms of a change: whether it is allowed now, what it costs or gives back, and until when it can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.database import new_id
from domains.kernel.errors import N_, Conflict, Refused
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import AccountRef, Subscription
from ..models.checks import check_change
from ..models.standing import Standing
from ..pricing import (
    MONTHLY,
    ChangeTerms,
    ChangeWish,
    PlanChangeTerms,
    ScheduleTerms,
    added_commitment,
    estimate,
    extension,
    paid_for,
    rest_of_period,
)
from .accounts import account_for_change
from .plans import PlanOffer, checked_quantity, chosen, committed, monthly, next_term, plan_terms, plans_now, whole_term
from .previews import mismatch, promised
from .subscriptions import find, standing_of
from .terms import next_invoice

OTHER = N_("The preview is for another change, or the subscription has changed since. Make a new one.")
KINDS: dict[str, type[ChangeTerms]] = {"change_plan": PlanChangeTerms, "schedule_change": ScheduleTerms}


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
    why_ask: tuple[str, ...] = ()  # why it will wait for somebody's yes


def change_terms(
    session: Session,
    scope: Scope,
    *,
    subscription_id: UUID,
    action: str,
    preview_id: UUID | None = None,
    **wish: Any,
) -> ChangeTerms:
    """Check and price a change; with a preview, at the prices that it promises.

    `action` is change_quantity (with `quantity`), cancel (with `mode` now or end_of_term), extend (with `valid_to`, the
    new inclusive last day), suspend, resume, change_plan (with `offer_id`, `term`, `billing_cycle`, `quantity`, as far
    as they matter) or schedule_change (the same, for the next term; `mode` remove takes back what is planned). The
    wishes are those of `ChangeWish`. Refuses what the rules do not allow now, with what is possible and when.
    """
    subscription = find(session, scope, subscription_id)
    at, asked = standing_of(session, scope, subscription), ChangeWish(**wish)
    kept = _promised(session, scope, action, preview_id) if preview_id is not None else None
    asked = replace(asked, mode=asked.mode or ("now" if action == "cancel" else None))
    check_change(at, kind=action, quantity=asked.quantity, mode=asked.mode, valid_to=asked.valid_to)
    buys = adds(subscription, action, asked.quantity)
    account = account_for_change(session, scope, subscription.account_id, buys=buys)
    fresh = terms_now(session, scope, at, account, action, asked)
    if kept is None:
        return fresh
    if _wish(kept) != _wish(fresh):
        raise mismatch(OTHER)
    return replace(kept, change_id=new_id(), preview_id=preview_id, subscription_version=fresh.subscription_version)


def _promised(session: Session, scope: Scope, action: str, preview_id: UUID) -> ChangeTerms:
    """What a preview promises; refused when that is another kind of change."""
    kept: ChangeTerms = promised(session, scope, preview_id, "change", ChangeTerms)
    if kept.kind != action:
        raise mismatch(OTHER)
    return promised(session, scope, preview_id, "change", KINDS[action]) if action in KINDS else kept


def change_preview(session: Session, scope: Scope, *, subscription_id: UUID, action: str, **wish: Any) -> ChangePreview:
    """As `change_terms`, but what is not allowed now is an answer and not an error. Nonsense is still refused."""
    ends = standing_of(session, scope, find(session, scope, subscription_id)).end_dates
    try:
        terms = change_terms(session, scope, subscription_id=subscription_id, action=action, **wish)
    except (Refused, Conflict) as no:
        again = no.params.get("available_from")
        return ChangePreview(False, None, None, no.code, no.detail, again, None, ends)
    return ChangePreview(True, terms=terms, allowed_end_dates=ends)


def adds(subscription: Subscription, action: str, quantity: int | None) -> bool:
    """Whether a change buys something: more units, or more time."""
    if action in ("change_quantity", "schedule_change"):
        return (quantity or 0) > subscription.quantity
    return action in ("extend", "change_plan")


def _wish(terms: ChangeTerms) -> tuple[object, ...]:
    """What makes a change this change and no other."""
    what = (terms.subscription_id, terms.kind, terms.mode, terms.from_quantity, terms.to_quantity)
    plan = (
        (terms.plan.offer_id, terms.plan.term, terms.plan.billing_cycle) if isinstance(terms, PlanChangeTerms) else ()
    )
    planned = (terms.next_term,) if isinstance(terms, ScheduleTerms) else ()
    return (*what, terms.valid_to, terms.valid_to_wish, terms.deletes_scheduled, plan, planned)


def terms_now(
    session: Session, scope: Scope, at: Standing, account: AccountRef, kind: str, wish: ChangeWish
) -> ChangeTerms:
    """The terms of a change that is allowed, as of now."""
    if kind == "change_plan":
        plan = chosen(plans_now(session, scope, at), at.subscription, wish.offer_id, wish.term, wish.billing_cycle)
        return to_plan(at, account, plan, wish)
    if kind == "schedule_change":
        return _for_next_term(session, scope, at, account, wish)
    row = at.subscription
    to_quantity = wish.quantity if kind == "change_quantity" and wish.quantity is not None else row.quantity
    charge_now, every_month, commitment = _amounts(at, kind, to_quantity, wish.mode, wish.valid_to)
    grows = to_quantity > row.quantity
    return ChangeTerms(
        **_facts(at, account, kind, charge_now, every_month), to_quantity=to_quantity, commitment=commitment,
        mode=wish.mode if kind == "cancel" else None, valid_to_wish=wish.valid_to if kind == "extend" else None,
        reserve=row.unit_price.times(to_quantity - row.quantity) if grows else max(charge_now, _zero(at)),
        undo_until=_undo_until(at) if grows else None,
    )  # fmt: skip


def _facts(at: Standing, account: AccountRef, kind: str, charge_now: Money, every_month: Money) -> dict[str, Any]:
    """What all changes have in common."""
    row = at.subscription
    return {
        "change_id": new_id(), "subscription_id": row.id, "account_id": row.account_id, "customer_id": row.customer_id,
        "reseller_id": row.reseller_id, "account_name": row.account_name, "number": row.number, "name": row.name,
        "kind": kind, "from_quantity": row.quantity, "valid_to": row.valid_to, "currency": row.currency,
        "unit_price": row.unit_price, "charge_now": charge_now, "refund": max(-charge_now, _zero(at)),
        "every_month": every_month, "effective_on": at.today, "tax_estimate": estimate(charge_now, account.country),
        "next_invoice": next_invoice(charge_now + every_month, at.today, account.country),
        "deletes_scheduled": (planned_words(at),) if at.deletes_scheduled(kind) else (),
        "allowed_end_dates": at.end_dates, "subscription_version": row.version,
    }  # fmt: skip


def _zero(at: Standing) -> Money:
    return Money.zero(at.subscription.currency)


def planned_words(at: Standing) -> str:
    """What is planned for the next term, for a program to show: “Analytics Pro Plus, 25 units, P1Y, annual”."""
    plan = at.next_term
    if plan is None:
        return ""
    units = f"{plan.quantity} units" if plan.quantity is not None else None
    said = (plan.name or plan.provider_offer_id, units, plan.term, plan.billing_cycle)
    begins = at.renews_at.date().isoformat() if at.renews_at else ""
    return ", ".join(one for one in said if one) + (f" from {begins}" if begins else "")


def to_plan(at: Standing, account: AccountRef, plan: PlanOffer, wish: ChangeWish) -> PlanChangeTerms:
    """The terms of a change to a plan today, at the price per unit that the plan names."""
    row, converts = at.subscription, plan.choice.kind == "conversion"
    asked = wish.quantity if wish.quantity is not None else max(row.quantity, plan.choice.min_quantity)
    quantity = checked_quantity(plan, asked, 1 if converts else row.quantity)
    terms = plan_terms(at, plan, quantity)
    months = monthly(plan.unit_price, quantity, plan.billing_cycle) - monthly(
        row.unit_price, row.quantity, row.billing_cycle
    )
    charge_now, before = terms.charge - terms.refund, terms.refund + _later(at, row.quantity)
    hours = plan.policy.get("cancel_window_hours")
    return PlanChangeTerms(
        **_facts(at, account, "change_plan", charge_now, months), to_quantity=quantity, mode=None, valid_to_wish=None,
        commitment=committed(terms, quantity) - before, reserve=max(charge_now, _zero(at)), plan=terms,
        undo_until=at.now + timedelta(hours=hours) if plan.choice.reopens_window and hours else None,
    )  # fmt: skip


def _for_next_term(
    session: Session, scope: Scope, at: Standing, account: AccountRef, wish: ChangeWish
) -> ScheduleTerms:
    zero, row = _zero(at), at.subscription
    known = _facts(at, account, "schedule_change", zero, zero) | {
        "to_quantity": row.quantity, "valid_to_wish": None, "commitment": zero, "reserve": zero, "undo_until": None,
    }  # fmt: skip
    if wish.mode == "remove":
        known["effective_on"] = row.valid_to + timedelta(days=1)
        if at.next_term is None:
            raise Refused("Nothing is planned for its next term.", code="nothing_scheduled")
        as_now = row.unit_price.times(row.quantity)
        return ScheduleTerms(**known, mode="remove", next_term=None, next_cycle_price=as_now)
    planned, price, quantity, cycle, begins = next_term(session, scope, at, wish)
    as_it_is = whole_term(row.unit_price, row.quantity, begins, row.term, row.billing_cycle)
    known["commitment"] = whole_term(price, quantity, begins, planned.term or row.term, cycle) - as_it_is
    known["effective_on"] = begins
    return ScheduleTerms(**known, mode=None, next_term=planned, next_cycle_price=price.times(quantity))


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
    if mode == "end_of_term" or kind in ("suspend", "resume"):  # what is suspended is billed on
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
