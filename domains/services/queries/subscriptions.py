"""Subscriptions as customers see them: how they stand, which seats can go back, and what may be done now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from domains.kernel import clock, paging
from domains.kernel.errors import NotFound
from domains.kernel.money import Money, UnitPrice
from domains.kernel.paging import Page
from domains.kernel.searching import holds
from domains.kernel.tenancy import Scope

from ..lots import Lot, newest_first
from ..models import AccountRef, Change, Decision, SeatLot, Subscription
from ..models.actions import allowed_actions
from ..models.decisions import GOES_ON, if_nothing
from ..models.standing import RUNNING, Action, Standing
from ..pricing import FOREVER, MONTHLY, NextTerm


@dataclass(frozen=True)
class SubscriptionView:
    """A subscription with everything a page or a program asks. `valid_to` is inclusive, None when it never ends;
    `end_of_term` is what happens after it as it stands (renew, cancel, bridge).

    `lots` are newest first; `returnable_seats` are those that can still go back, with their windows;
    `returnable_quantity` is how many can go back now, the least quantity kept. `next_term` is what is planned for the
    next term, which the changes in `deletes_scheduled` delete; `addons` counts what runs and adds to it, and
    `addon_rules` says what becomes of those. `changes_at`: see `Standing`.
    """

    id: UUID
    number: str
    customer_id: UUID
    reseller_id: UUID | None
    account_id: UUID
    account_name: str
    order_id: UUID
    offer_id: UUID
    provider_subscription_id: str | None
    name: str
    vendor: str
    kind: str
    unit: str
    term: str
    billing_cycle: str
    quantity: int
    min_quantity: int
    max_quantity: int | None
    currency: str
    unit_price: UnitPrice
    cycle_price: Money
    every_month: Money
    state: str
    raw_state: str | None
    valid_from: date
    valid_to: date | None
    auto_renew: bool
    end_of_term: str | None
    parent_subscription_id: UUID | None
    lots: tuple[Lot, ...]
    returnable_seats: tuple[Lot, ...]
    returnable_quantity: int
    cancelable_until: datetime | None
    allowed_actions: tuple[Action, ...]
    allowed_end_dates: tuple[date, ...]
    extend_mode: str
    open_change_id: UUID | None
    error: dict[str, str | None] | None
    looked_at: datetime | None
    version: int
    changes_at: datetime | None
    next_term: NextTerm | None
    deletes_scheduled: tuple[str, ...]
    suspended_at_end: str
    addons: int
    addon_rules: dict[str, str]
    payer_price: UnitPrice | None = None  # what a reseller pays, told to it alone


def find(session: Session, scope: Scope, subscription_id: UUID) -> Subscription:
    """A subscription's row. Refuses one that is not there or not in scope."""
    query = select(Subscription).where(Subscription.id == subscription_id, scope.covers(Subscription))
    found: Subscription | None = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("There is no such subscription.", code="subscription_not_found", field="subscription_id")
    return found


def get_subscription(session: Session, scope: Scope, subscription_id: UUID) -> SubscriptionView:
    """A subscription with its seat lots and allowed actions. Refuses one that is not there or not in scope."""
    return views_of(session, scope, [find(session, scope, subscription_id)])[0]


def list_subscriptions(
    session: Session,
    scope: Scope,
    *,
    account_id: UUID | None = None,
    state: str | None = None,
    valid_to_before: date | None = None,
    q: str = "",
    customer_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[SubscriptionView]:
    """Subscriptions in scope, newest first, by account, state, last day, customer, and words in name, number or id."""
    asked = {"account_id": account_id, "state": state, "before": valid_to_before, "q": q, "customer_id": customer_id}
    query = select(Subscription).where(scope.covers(Subscription))
    if account_id is not None:
        query = query.where(Subscription.account_id == account_id)
    if state is not None:
        query = query.where(Subscription.state == state)
    if valid_to_before is not None:
        query = query.where(Subscription.valid_to < valid_to_before)
    if customer_id is not None:
        query = query.where(Subscription.customer_id == customer_id)
    if q.strip():
        query = matching(query, Subscription, q)
    page = paging.page(session, query, Subscription.id, cursor=cursor, limit=limit, filters=asked)
    return Page(views_of(session, scope, page.items), page.next_cursor)


def matching(query: Select[Any], model: Any, q: str) -> Select[Any]:
    """Only the rows whose name, account or number holds `q`, or whose id is `q`. An order's name is its account's."""
    text = q.strip().lower()
    try:
        return query.where(model.id == UUID(text))
    except ValueError:
        columns = [model.number, model.account_name] + ([model.name, model.vendor] if hasattr(model, "name") else [])
        return query.where(or_(*(holds(func.lower(column), text) for column in columns)))


def count_by_state(session: Session, scope: Scope, *, account_id: UUID | None = None) -> dict[str, int]:
    """How many subscriptions in scope are in each state."""
    query = select(Subscription.state, func.count()).where(scope.covers(Subscription)).group_by(Subscription.state)
    if account_id is not None:
        query = query.where(Subscription.account_id == account_id)
    return {row[0]: row[1] for row in session.execute(query)}


def lots_of(session: Session, scope: Scope, subscription_ids: Iterable[UUID]) -> dict[UUID, tuple[Lot, ...]]:
    """The seat lots of some subscriptions, newest first."""
    found: dict[UUID, list[Lot]] = {}
    query = select(SeatLot).where(scope.covers(SeatLot), SeatLot.subscription_id.in_(list(subscription_ids)))
    for row in session.scalars(query):
        found.setdefault(row.subscription_id, []).append(row.as_lot())
    return {subscription_id: newest_first(lots) for subscription_id, lots in found.items()}


def standing_of(session: Session, scope: Scope, subscription: Subscription) -> Standing:
    """A subscription as its rules see it now, on the day it is in its account's time zone."""
    return standings_of(session, scope, [subscription])[0]


def standings_of(session: Session, scope: Scope, subscriptions: Sequence[Subscription]) -> list[Standing]:
    """As `standing_of`, for some at once."""
    if not subscriptions:
        return []
    now = clock.business_now(session)
    lots = lots_of(session, scope, [row.id for row in subscriptions])
    accounts = {row.account_id for row in subscriptions}
    query = select(AccountRef.id, AccountRef.time_zone).where(scope.covers(AccountRef), AccountRef.id.in_(accounts))
    days = {row.id: clock.local_day(now, row.time_zone) for row in session.execute(query)}
    counts = _addon_counts(session, scope, [row.id for row in subscriptions if (row.policy or {}).get("addons")])
    unpriced = _unpriced(session, scope, [row.id for row in subscriptions if row.state in RUNNING])
    return [
        Standing.of(
            row, lots.get(row.id, ()), now, days.get(row.account_id, now.date()), counts.get(row.id, 0),
            row.id in unpriced,
        )
        for row in subscriptions
    ]  # fmt: skip


def _unpriced(session: Session, scope: Scope, ids: Sequence[UUID]) -> set[UUID]:
    """Which of some have begun a new term that is not priced and charged yet."""
    query = select(Decision.subscription_id).where(scope.covers(Decision), Decision.subscription_id.in_(ids))
    query = query.where(Decision.settled_at.is_not(None), Decision.finished_at.is_(None))
    return set(session.scalars(query.where(Decision.outcome.in_(GOES_ON)))) if ids else set()


def _addon_counts(session: Session, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many running subscriptions add to each of some."""
    parent = Subscription.parent_subscription_id
    query = select(parent, func.count()).where(scope.covers(Subscription), parent.in_(ids))
    query = query.where(Subscription.state.in_((*RUNNING, "pending", "pending_cancellation"))).group_by(parent)
    return {found: count for found, count in session.execute(query) if found is not None} if ids else {}


def list_addons(session: Session, scope: Scope, subscription_id: UUID) -> list[SubscriptionView]:
    """What adds to a subscription, the oldest first."""
    query = select(Subscription).where(scope.covers(Subscription))
    query = query.where(Subscription.parent_subscription_id == subscription_id).order_by(Subscription.id)
    return views_of(session, scope, list(session.scalars(query.limit(paging.MAX_LIMIT))))


def views_of(session: Session, scope: Scope, subscriptions: Sequence[Subscription]) -> list[SubscriptionView]:
    """Subscriptions as customers see them."""
    return [_view(at, scope) for at in standings_of(session, scope, subscriptions)]


def _view(at: Standing, scope: Scope) -> SubscriptionView:
    row, policy, price = at.subscription, at.policy, at.subscription.unit_price
    error = {"code": row.error_code, "detail": row.error_detail} if row.error_code else None
    monthly = price.times(row.quantity) if row.billing_cycle == MONTHLY else Money.zero(row.currency)
    return SubscriptionView(
        id=row.id, number=row.number, customer_id=row.customer_id, reseller_id=row.reseller_id,
        account_id=row.account_id, account_name=row.account_name, order_id=row.order_id, offer_id=row.offer_id,
        provider_subscription_id=row.provider_subscription_id, name=row.name, vendor=row.vendor, kind=row.kind,
        unit=row.unit, term=row.term, billing_cycle=row.billing_cycle, quantity=row.quantity,
        min_quantity=policy.min_quantity, max_quantity=policy.max_quantity, currency=row.currency, unit_price=price,
        cycle_price=price.times(row.quantity), every_month=monthly, state=row.state, raw_state=row.raw_state,
        valid_from=row.valid_from, valid_to=None if row.valid_to == FOREVER else row.valid_to,
        auto_renew=row.auto_renew, end_of_term=None if row.valid_to == FOREVER else if_nothing(row),
        parent_subscription_id=row.parent_subscription_id, lots=at.lots,
        returnable_seats=tuple(lot for lot in at.lots if lot.is_open(at.now)), returnable_quantity=at.returnable,
        cancelable_until=policy.cancelable_until, allowed_actions=allowed_actions(at),
        allowed_end_dates=at.end_dates if at.blocked() is None else (), extend_mode=policy.extend_mode,
        open_change_id=row.open_change_id, error=error, looked_at=row.looked_at, version=row.version,
        changes_at=at.changes_at, next_term=at.next_term, deletes_scheduled=policy.deletes_scheduled,
        suspended_at_end=policy.suspended_at_end, addons=at.addons, addon_rules=policy.addons,
        payer_price=row.payer_price if scope.kind == "reseller" else None,
    )  # fmt: skip


def list_changes(session: Session, scope: Scope, subscription_id: UUID) -> list[Change]:
    """The changes of a subscription, newest first. Refuses a subscription that is not in scope."""
    find(session, scope, subscription_id)
    query = select(Change).where(Change.subscription_id == subscription_id, scope.covers(Change))
    return list(session.scalars(query.order_by(Change.id.desc()).limit(paging.MAX_LIMIT)))
