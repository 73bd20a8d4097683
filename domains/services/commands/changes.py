"""Changes of a subscription: one at a time, begun under a lock that the whole saga holds, applied or abandoned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked
from domains.kernel.errors import Conflict, Locked, NotFound
from domains.kernel.messages import context
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..models import Change, ChangeOutcome, Person, Subscription
from ..models.checks import check_change
from ..models.standing import Standing
from ..pricing import ANNUAL, PlanTerms, extended, term_day
from ..queries.accounts import account_for_change
from ..queries.changes import adds
from ..queries.subscriptions import standing_of
from .previews import redeem, release
from .repriced import put_on
from .subscriptions import find_locked, take_over, tell

COUNTED = ("change_quantity", "change_plan")  # these say how many units there are afterwards


def begin_change(
    session: Session, *, change_id: UUID, subscription_id: UUID, customer_id: UUID, reseller_id: UUID | None, kind: str,
    to_quantity: int, mode: str | None, valid_to_wish: date | None, requested_by: Person,
    expected_version: int | None = None, preview_id: UUID | None = None, run_id: UUID | None = None,
    charge_now: Money | None = None, from_quantity: int | None = None, valid_to: date | None = None,
) -> None:  # fmt: skip
    """Begin a change and hold the subscription for it; a cancellation shows at once. Doing it twice does it once.

    Refused when the rules do not allow it now; a conflict while another change is under way, or when the subscription
    is not at `expected_version`, or what was priced (`from_quantity` units until `valid_to`), any more.
    """
    asked = Asked(
        change_id, subscription_id, customer_id, reseller_id, requested_by, expected_version, preview_id, run_id,
        charge_now, from_quantity, valid_to,
    )  # fmt: skip
    begin(session, asked, kind=kind, quantity=to_quantity, mode=mode, valid_to=valid_to_wish)


@dataclass(frozen=True)
class Asked:
    """Which change of what, for whom, as it was seen and priced: the same for every kind of change."""

    change_id: UUID
    subscription_id: UUID
    customer_id: UUID
    reseller_id: UUID | None
    requested_by: Person
    expected_version: int | None
    preview_id: UUID | None
    run_id: UUID | None
    charge_now: Money | None
    from_quantity: int | None
    valid_to: date | None


def begin(
    session: Session, asked: Asked, *, kind: str, quantity: int, mode: str | None = None, valid_to: date | None = None,
    wish: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Begin a change of any kind, as `begin_change` says; `wish` is kept with it."""
    if session.get(Change, asked.change_id) is not None:
        return
    row = _found(session, asked.subscription_id, asked.customer_id)
    _check_seen(row, asked.expected_version, asked.from_quantity, asked.valid_to)
    scope = Scope.customer(asked.customer_id)
    at = standing_of(session, scope, row)
    _check_allowed(at, kind=kind, quantity=quantity, mode=mode, valid_to=valid_to)
    account_for_change(session, scope, row.account_id, buys=adds(row, kind, quantity))
    redeem(session, asked.preview_id, asked.customer_id, asked.change_id)
    if at.deletes_scheduled(kind):
        wish = {**(wish or {}), "deletes": row.next_term}
    change = Change(
        id=asked.change_id, subscription_id=row.id, account_id=row.account_id, customer_id=asked.customer_id,
        reseller_id=asked.reseller_id, kind=kind, mode=mode, from_quantity=row.quantity,
        to_quantity=quantity if kind in COUNTED else row.quantity, from_valid_to=row.valid_to, to_valid_to=valid_to,
        from_state=row.state, state="open", currency=row.currency, preview_id=asked.preview_id,
        run_id=asked.run_id or context().run_id, requested_by_id=asked.requested_by.user_id,
        requested_by=asked.requested_by.name, begun_at=at.now, wish=wish,
        charge_now=asked.charge_now.minor if asked.charge_now else None,
    )  # fmt: skip
    session.add(change)
    _hold(session, row, change)
    _audit(session, f"services.{kind}", change)


def _found(session: Session, subscription_id: UUID, customer_id: UUID) -> Subscription:
    row = find_locked(session, subscription_id)
    if row is None or row.customer_id != customer_id:
        raise NotFound("There is no such subscription.", code="subscription_not_found", field="subscription_id")
    return row


def _check_allowed(at: Standing, **wish: Any) -> None:
    """Refuse what the rules do not allow now; a change that another run holds the subscription for is waited for."""
    try:
        check_change(at, **wish)
    except Conflict as busy:
        if busy.code == "change_in_progress":
            raise Locked(busy) from busy
        raise


def _check_seen(row: Subscription, version: int | None, quantity: int | None, valid_to: date | None) -> None:
    """Refuse a change of what is no longer as it was seen and priced; None was not said."""
    seen, now = (version, quantity, valid_to), (row.version, row.quantity, row.valid_to)
    if any(one not in (None, fact) for one, fact in zip(seen, now, strict=True)):
        stale = "The subscription has changed since you looked. Look again, then decide."
        raise Conflict(stale, code="version_conflict", version=row.version)


def _hold(session: Session, row: Subscription, change: Change) -> None:
    row.open_change_id = change.id
    row.version += 1
    if change.kind == "cancel":
        row.state = "pending_cancellation"
        tell(session, row)


def _audit(session: Session, action: str, change: Change) -> None:
    before = {"quantity": change.from_quantity, "valid_to": change.from_valid_to}
    after: dict[str, Any] = {"quantity": change.to_quantity, "valid_to": change.to_valid_to}
    after |= {"mode": change.mode, "state": change.state}
    if change.wish:
        after |= {"wish": _told(change.wish)}
    subject = ("subscription", change.subscription_id)
    audit.record(session, action, customer_id=change.customer_id, subject=subject, before=before, after=after)


def _told(wish: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, as a customer's trail may tell it: without what its reseller pays."""
    plan = wish.get("plan")
    return {**wish, "plan": {**plan, "payer_price": None}} if plan else wish


def abandon_change(session: Session, *, change_id: UUID) -> None:
    """Let a subscription go from a change that came to nothing, as it was before. If absent, fine."""
    change = find_change(session, change_id)
    if change is None or change.ended_at is not None:
        return
    change.state = "refused" if change.error_code else "abandoned"
    change.ended_at = clock.business_now(session)
    release(session, change.preview_id, change.id)
    row = find_locked(session, change.subscription_id)
    if row is not None and row.open_change_id == change_id:
        _let_go(row, change)
        tell(session, row)
    _audit(session, "services.abandon_change", change)


def _let_go(row: Subscription, change: Change) -> None:
    row.open_change_id = None
    row.version += 1
    if row.state == "pending_cancellation":
        row.state = change.from_state


def _note_paid(row: Subscription, change: Change) -> None:
    """Note until when a yearly extension is paid for, as it was on the day on which it was begun."""
    if change.kind == "extend" and change.to_valid_to is not None and row.billing_cycle == ANNUAL:
        span = (row.valid_from, change.from_valid_to, change.to_valid_to)
        row.paid_until = extended(term_day(change.begun_at), *span, row.billing_cycle, row.paid_until)


def _put_on(row: Subscription, plan: PlanTerms, begun_at: datetime) -> None:
    """Make a subscription one of another plan, at the price that was agreed; its dates come from the provider."""
    same = plan.billing_cycle == row.billing_cycle and not plan.new_term  # else what is paid for is reckoned anew
    put_on(
        row, term_day(begun_at) - timedelta(days=1), changed=True, offer_id=plan.offer_id,
        provider_offer_id=plan.provider_offer_id,
        name=plan.name, vendor=plan.vendor, kind=plan.kind, unit=plan.unit, term=plan.term,
        billing_cycle=plan.billing_cycle, unit_rate=plan.unit_price.amount, terms_of_offer=plan.policy,
        payer_rate=plan.payer_price.amount if plan.payer_price is not None else None,
        paid_until=row.paid_until if same else None,
    )  # fmt: skip


def find_change(session: Session, change_id: UUID) -> Change | None:
    """A change's row, locked, for a step of its own saga."""
    query = locked(select(Change).where(Change.id == change_id), Change.__table__)
    return session.scalars(query).one_or_none()


def apply_change(session: Session, *, change_id: UUID, outcome: ChangeOutcome) -> None:
    """Take over what the provider made of a change, and let the subscription go. Doing it twice does it once.

    Refuses a change that is not there.
    """
    change = find_change(session, change_id)
    if change is None:
        raise NotFound("There is no such change.", code="change_not_found", field="change_id")
    if change.ended_at is not None:
        return
    row = find_locked(session, change.subscription_id)
    if row is None:
        raise NotFound("There is no such subscription.", code="subscription_not_found", field="subscription_id")
    change.state, change.ended_at = "done", clock.business_now(session)
    _let_go(row, change)
    _note_paid(row, change)
    if change.kind == "change_plan":
        _put_on(row, msgspec.convert((change.wish or {})["plan"], PlanTerms, strict=False), change.begun_at)
    take_over(session, row, outcome, source=str(change.id))
    if change.kind == "change_plan":  # it may cost something else though nothing of it that is compared has changed
        tell(session, row)
    _audit(session, "services.apply_change", change)
