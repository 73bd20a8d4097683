"""Orders: drafted on the promised terms, sent by an exchange, then delivered, or taken back as if never placed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.database import locked, new_id, next_number
from domains.kernel.errors import NotFound, Said
from domains.kernel.messages import context, publish
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..events import OrderCompleted, OrderDrafted, OrderRejected, SubscriptionActivated, costs_of
from ..lots import Lot, named_after
from ..models import AcceptedLine, AccountRef, Line, Offer, Order, Person, Policy, RejectedLine, SeatLot, Subscription
from ..models.facts import PLANS
from ..models.orders import ENDED, WAITING
from ..pricing import OrderLine
from ..queries import active_account
from ..queries.terms import check_lines
from .accounts import lock_account
from .decisions import follow_term
from .previews import check_promised, redeem, release

NOT_SENT = Said("The order was stopped before it reached the provider. Nothing was ordered or charged.")


def draft_order(
    session: Session, *, order_id: UUID, account_id: UUID, customer_id: UUID, reseller_id: UUID | None,
    lines: tuple[OrderLine, ...], currency: str, charge_now: Money, commitment: Money, po_reference: str | None,
    cost_centre: str | None, ordered_by: Person, preview_id: UUID | None, every_month: Money | None = None,
    effective_on: date | None = None, run_id: UUID | None = None,
) -> None:  # fmt: skip
    """Write down an order with its lines, and their subscriptions as pending. Doing it twice does it once.

    The account's orders are drafted one after the other, so that what could be ordered when the terms were made is
    refused when another order has come first. Refused too when the account is not active any more, when a line is not
    sold any more, or when another order has taken up the preview.
    """
    if session.get(Order, order_id) is not None:
        return
    lock_account(session, account_id)
    scope = Scope.customer(customer_id)
    account = active_account(session, scope, account_id)
    promise = redeem(session, preview_id, customer_id, order_id)
    if promise is not None:
        check_promised(promise, lines)
    now = clock.business_now(session)
    today = clock.local_day(now, account.time_zone)
    later = effective_on if effective_on and effective_on > today else None
    provider = check_lines(session, scope, account, lines, later)
    order = Order(
        id=order_id, number=next_number(session, "ORD", today.year), customer_id=customer_id, reseller_id=reseller_id,
        account_id=account_id, account_name=account.name, state="placed", currency=currency,
        charge_now=charge_now.minor, every_month=None if every_month is None else every_month.minor,
        commitment=commitment.minor, po_reference=po_reference, cost_centre=cost_centre, preview_id=preview_id,
        run_id=run_id or context().run_id, ordered_by_id=ordered_by.user_id, ordered_by=ordered_by.name,
        effective_on=effective_on or today, placed_at=now, version=1, provider=provider,
    )  # fmt: skip
    session.add(order)
    _write_lines(session, order, account, lines)
    publish(session, OrderDrafted(1, *identity(order)))
    _audit(session, "services.place_order", order, _summary(order, lines))


def _summary(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    ordered = [(line.name, line.quantity, line.term, line.billing_cycle) for line in lines]
    amounts = {"charge_now": order.charge_now, "commitment": order.commitment, "currency": order.currency}
    return {"number": order.number, "account_id": order.account_id, "lines": ordered} | amounts


def identity(order: Order) -> tuple[UUID, UUID, UUID | None, UUID, str, str]:
    """What every event tells of an order."""
    return order.id, order.customer_id, order.reseller_id, order.account_id, order.number, order.state


def _audit(session: Session, action: str, order: Order, after: Any) -> None:
    audit.record(session, action, customer_id=order.customer_id, subject=("order", order.id), after=after)


def _write_lines(session: Session, order: Order, account: AccountRef, lines: Sequence[OrderLine]) -> None:
    query = select(Offer).where(Offer.id.in_({line.offer_id for line in lines}))
    offers = {offer.id: offer for offer in session.scalars(query)}
    rows, subscriptions = [], []
    for position, line in enumerate(lines):
        offer = offers.get(line.offer_id)
        if offer is None:
            raise NotFound("There is no such offer.", code="offer_not_found", field=f"lines[{position}].offer_id")
        shared = _shared(order, line, offer)
        rows.append(shared | {
            "position": position, "unit_price": line.unit_price.amount, "charge_now": line.charge_now.minor,
            "cycle_price": line.cycle_price.minor, "charged_until": line.charged_until,
            "undo_until": line.undo_until, "state": "pending", "subscription_id": line.subscription_id,
            "priced_by": msgspec.to_builtins(line.priced_by), "payer_price": _payer_rate(line), "answers": line.answers,
        })  # fmt: skip
        number = next_number(session, "SUB", order.effective_on.year)
        subscriptions.append(shared | _pending(order, account, line, offer) | {"number": number})
    session.execute(insert(Line.__table__), rows)
    session.execute(insert(Subscription.__table__), subscriptions)


def _shared(order: Order, line: OrderLine, offer: Offer) -> dict[str, Any]:
    return {
        "order_id": order.id, "customer_id": order.customer_id, "reseller_id": order.reseller_id,
        "offer_id": line.offer_id, "provider_offer_id": offer.provider_offer_id, "name": line.name,
        "vendor": line.vendor, "kind": line.kind, "unit": line.unit, "term": line.term,
        "billing_cycle": line.billing_cycle, "quantity": line.quantity, "currency": order.currency,
        "valid_to": line.valid_to, "parent_subscription_id": line.parent_subscription_id,
    }  # fmt: skip


def _pending(order: Order, account: AccountRef, line: OrderLine, offer: Offer) -> dict[str, Any]:
    policy = Policy(min_quantity=offer.min_quantity, max_quantity=offer.max_quantity)
    return {
        "id": line.subscription_id, "account_id": order.account_id, "account_name": account.name,
        "provider": order.provider, "unit_rate": line.unit_price.amount, "state": "pending",
        "valid_from": order.effective_on, "auto_renew": line.billing_cycle != "one_time",
        "payer_rate": _payer_rate(line), "terms_of_offer": offer.policy, "provider_version": 0,
        "policy": msgspec.to_builtins(policy), "version": 1,
    }  # fmt: skip


def _payer_rate(line: OrderLine) -> Decimal | None:
    return line.payer_price.amount if line.payer_price is not None else None


def discard_order(session: Session, *, order_id: UUID) -> None:
    """Take an order back: everything is as before, and the reason stays on the order. If absent, fine.

    It is `rejected` when the provider or an approver said no, `canceled` when it was still waiting, else `failed`. A
    delivered order stays.
    """
    order = find_order(session, order_id)
    if order is None or order.state in ENDED:
        return
    now, waited = clock.business_now(session), order.state in WAITING
    refused = order.error_code is not None
    if not refused:
        order.error_code, order.error_detail = "not_sent", NOT_SENT
    order.move("rejected" if refused else "canceled" if waited else "failed", now)
    for line, subscription in lines_of(session, order.id):
        line.state = "rejected"
        _fail(subscription, order.error_code or "", order.error_detail or "")
    release(session, order.preview_id, order.id)
    publish(session, OrderRejected(order.version, *identity(order), code=order.error_code))
    _audit(session, "services.discard_order", order, {"state": order.state, "code": order.error_code})


def find_order(session: Session, order_id: UUID) -> Order | None:
    """An order's row, locked, for a step of its own saga."""
    query = locked(select(Order).where(Order.id == order_id), Order.__table__)
    return session.scalars(query).one_or_none()


def lines_of(session: Session, order_id: UUID) -> list[tuple[Line, Subscription]]:
    """The lines of an order in their order, each with its subscription."""
    query = select(Line, Subscription).join(Subscription, Subscription.id == Line.subscription_id)
    rows = session.execute(query.where(Line.order_id == order_id).order_by(Line.position))
    return [(line, subscription) for line, subscription in rows]


def _fail(subscription: Subscription, code: str, detail: str) -> None:
    subscription.state = "failed"
    subscription.error_code, subscription.error_detail = code, detail
    subscription.version += 1


def activate_order(
    session: Session, *, order_id: UUID, accepted: tuple[AcceptedLine, ...], rejected: tuple[RejectedLine, ...]
) -> None:
    """Take over what the provider has delivered: subscriptions run from now on, refused lines say why.

    Doing it twice does it once. Refuses an order that is not there.
    """
    order = find_order(session, order_id)
    if order is None:
        raise NotFound("There is no such order.", code="order_not_found", field="order_id")
    if order.state in ENDED:
        return
    now = clock.business_now(session)
    yes = {line.subscription_id: line for line in accepted}
    no = {line.subscription_id: line for line in rejected}
    for line, subscription in lines_of(session, order.id):
        if line.subscription_id in yes:
            line.state = "accepted"
            _activate(session, order, subscription, yes[line.subscription_id], line.charged_until)
        elif line.subscription_id in no:
            reason = no[line.subscription_id]
            line.state, line.error_code, line.error_detail = "rejected", reason.code, reason.detail
            _fail(subscription, reason.code, reason.detail)
    order.move("partially_completed" if rejected else "completed", now)
    publish(session, OrderCompleted(order.version, *identity(order)))
    _audit(session, "services.activate_order", order, {"state": order.state, "accepted": list(yes), "rejected": no})


def _activate(
    session: Session, order: Order, subscription: Subscription, line: AcceptedLine, charged_until: date | None
) -> None:
    subscription.provider_subscription_id = line.provider_subscription_id
    subscription.looked_at = clock.now(session)
    subscription.paid_until = charged_until
    subscription.take_over(
        quantity=line.quantity, valid_from=line.valid_from, valid_to=line.valid_to, state=line.state,
        raw_state=line.raw_state, auto_renew=line.auto_renew, policy=_policy(subscription, line),
        provider_version=line.provider_version,
    )  # fmt: skip
    store_lots(session, subscription, named_after(line.lots, (), order.number), ())
    follow_term(session, subscription)
    event = SubscriptionActivated(
        subscription.version, subscription.id, subscription.customer_id, subscription.reseller_id,
        subscription.account_id, order.id, subscription.number, subscription.name, subscription.quantity,
        subscription.valid_to, subscription.state, **costs_of(subscription),
    )  # fmt: skip
    publish(session, event)


def _policy(subscription: Subscription, line: AcceptedLine) -> dict[str, Any]:
    """What the provider allows, with what it said of plans, which was kept when it answered and did not travel."""
    said: dict[str, Any] = msgspec.to_builtins(line.policy)
    return said | {name: subscription.policy.get(name) or said[name] for name in PLANS if not said[name]}


def store_lots(session: Session, subscription: Subscription, lots: Sequence[Lot], before: Sequence[SeatLot]) -> None:
    """Replace the seat lots of a subscription."""
    for row in before:
        session.delete(row)
    session.add_all(
        SeatLot(
            id=new_id(), subscription_id=subscription.id, customer_id=subscription.customer_id,
            reseller_id=subscription.reseller_id, quantity=lot.quantity, added_at=lot.added_at,
            returnable_until=lot.returnable_until, source=lot.source,
        )
        for lot in lots
    )  # fmt: skip
