"""What was agreed, once it has waited: the prices per unit stay, the days move along, and it must still be sold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from domains.kernel.tenancy import Scope

from ..pricing import ChangeTerms, ChangeWish, LineWish, OrderLine, OrderTerms, PlanChangeTerms, PlanTerms
from .accounts import account_for_change, active_account
from .changes import adds, terms_now, to_plan
from .needs import check_needs
from .plans import chosen, plans_now
from .subscriptions import find, standing_of
from .terms import counter_of, priced_line, sold_to, terms_at


def order_as_of_today(
    session: Session,
    scope: Scope,
    *,
    order_id: UUID,
    account_id: UUID,
    lines: Sequence[OrderLine],
    po_reference: str | None = None,
    cost_centre: str | None = None,
    day: date | None = None,
) -> OrderTerms:
    """The terms of an order that has waited, dated by today (or a later day) at the prices per unit that were agreed.

    Refuses what the account could not order today: nothing is sent that nobody would be sold.
    """
    account = active_account(session, scope, account_id)
    counter = counter_of(session, scope, account, lines, day)
    moved = []
    for index, line in enumerate(lines):
        offer, plan = sold_to(counter, line, f"lines[{index}]")
        bought = (line.offer_id, line.quantity, line.term, line.billing_cycle)
        wish = LineWish(*bought, line.parent_subscription_id, line.answers)
        priced = priced_line(counter, offer, plan, line.unit_price, wish)
        kept: dict[str, Any] = {"priced_by": line.priced_by, "payer_price": line.payer_price}
        moved.append(replace(priced, subscription_id=line.subscription_id, **kept))
    tied = check_needs(session, scope, account_id, counter.offers, moved, order_id)
    return replace(terms_at(counter, tuple(tied), po_reference, cost_centre), order_id=order_id)


def change_as_of_today(
    session: Session,
    scope: Scope,
    *,
    change_id: UUID,
    subscription_id: UUID,
    kind: str,
    to_quantity: int,
    valid_to_wish: date | None,
    mode: str | None = None,
) -> ChangeTerms:
    """The terms of a change that has waited, by today. Its price per unit is the subscription's, which stays."""
    subscription = find(session, scope, subscription_id)
    at = standing_of(session, scope, subscription)
    buys = adds(subscription, kind, to_quantity)
    account = account_for_change(session, scope, subscription.account_id, buys=buys)
    wish = ChangeWish(to_quantity if kind == "change_quantity" else None, valid_to_wish, mode)
    return replace(terms_now(session, scope, at, account, kind, wish), change_id=change_id)


def plan_change_as_of_today(
    session: Session, scope: Scope, *, change_id: UUID, subscription_id: UUID, to_quantity: int, plan: PlanTerms
) -> PlanChangeTerms:
    """The terms of a change of plan that has waited, by today, at the price per unit that was agreed.

    Refuses a plan that the provider does not offer for it any more.
    """
    subscription = find(session, scope, subscription_id)
    at = standing_of(session, scope, subscription)
    account = account_for_change(session, scope, subscription.account_id, buys=True)
    now = chosen(plans_now(session, scope, at), subscription, plan.offer_id, plan.term, plan.billing_cycle)
    terms = to_plan(at, account, replace(now, unit_price=plan.unit_price), ChangeWish(to_quantity))
    return replace(terms, change_id=change_id)
