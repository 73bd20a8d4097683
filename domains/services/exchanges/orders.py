"""An order goes to the provider, once. Its yes, for all lines or some, is final; its no takes everything back.

Silence is not a no: the order may have been placed. The next try looks it up by our reference before asking again, and
asks again under the same operation id, which the provider knows too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from domains.kernel import audit, clock, failpoint
from domains.kernel.columns import cut
from domains.kernel.endpoints import DEFAULT
from domains.kernel.errors import DomainError, NotFound, Pending
from domains.kernel.messages import Exchange
from domains.kernel.money import Money, UnitPrice
from domains.kernel.tenancy import Scope

from ..commands.orders import find_order
from ..errors import refusal
from ..lots import first_units
from ..models import AcceptedLine, Line, Order, RejectedLine, Subscription
from ..models.facts import PLANS
from ..models.orders import ENDED
from ..pricing import ONE_TIME
from ..providers import PlacedOrder, Provider, Refusal, UnknownOutcome, provider
from ..providers.facts import PlacedLine
from ..providers.platform import Ours, allowed, completed
from ..providers.readings import accepted_line, words_for
from ..queries import get_account
from .operations import after_asking, note_answer, note_asked

SAID_NO = ("rejected", "canceled", "failed")  # of a line: it comes to nothing


@dataclass(frozen=True)
class _Wanted:
    """What to ask: our ids, and the order in the provider's words."""

    operation_id: UUID
    order_id: UUID
    body: dict[str, Any]
    provider: str
    tenant: dict[str, str] | None
    ours: dict[str, Ours]


@dataclass(frozen=True)
class _Delivered:
    """The provider's final answer."""

    provider_order_id: str
    accepted: tuple[AcceptedLine, ...]
    rejected: tuple[RejectedLine, ...]


@dataclass(frozen=True)
class OrderAnswer:
    """What the provider has accepted and rejected; `accepted_total` is one billing cycle of all accepted lines."""

    accepted: tuple[AcceptedLine, ...]
    rejected: tuple[RejectedLine, ...]
    accepted_total: Money


def _intend(session: Session, *, order_id: UUID, provider_operation_id: UUID) -> _Wanted:
    order = find_order(session, order_id)
    if order is None:
        raise NotFound("There is no such order.", code="order_not_found", field="order_id")
    if order.state == "placed":
        order.move("at_provider", clock.business_now(session))
    note_asked(session, provider_operation_id, kind="order", subject_id=order_id, customer_id=order.customer_id,
               reseller_id=order.reseller_id)  # fmt: skip
    lines = list(session.scalars(select(Line).where(Line.order_id == order_id).order_by(Line.position)))
    parents = _provider_ids(session, [line.parent_subscription_id for line in lines])
    body = {
        "reference": str(order_id), "customer": str(order.account_id), "currency": order.currency,
        "lines": [_line(line, parents) for line in lines],
    }  # fmt: skip
    tenant = _tenant(session, order) if order.provider != DEFAULT else None  # the default one's is linked at opening
    ours = {str(line.subscription_id): _ours(order, line) for line in lines}
    return _Wanted(provider_operation_id, order_id, body, order.provider, tenant, ours)


def _tenant(session: Session, order: Order) -> dict[str, str]:
    account = get_account(session, Scope.system("tell a provider who orders"), order.account_id)
    return {"name": account.name, "country": account.country, "region": account.region, "email": ""}


def _ours(order: Order, line: Line) -> Ours:
    return Ours(line.quantity, order.effective_on, line.valid_to, line.billing_cycle != ONE_TIME, line.term)


def _provider_ids(session: Session, subscription_ids: list[UUID | None]) -> dict[UUID, str]:
    """How the provider calls the subscriptions that add-ons add to; those of the same order go by our reference."""
    wanted = [subscription_id for subscription_id in subscription_ids if subscription_id is not None]
    query = select(Subscription.id, Subscription.provider_subscription_id).where(Subscription.id.in_(wanted))
    return {row.id: row.provider_subscription_id or str(row.id) for row in session.execute(query)}


def _line(line: Line, parents: dict[UUID, str]) -> dict[str, Any]:
    body = {
        "reference": str(line.subscription_id), "offer_id": line.provider_offer_id, "term": line.term,
        "billing_cycle": line.billing_cycle, "quantity": line.quantity,
    }  # fmt: skip
    if line.parent_subscription_id is not None:
        body["parent_subscription_id"] = parents[line.parent_subscription_id]
    if line.answers:
        body["answers"] = line.answers
    return body


def _call(wanted: _Wanted, asked_before: bool) -> _Delivered:
    ours = provider(wanted.provider)
    with after_asking():
        placed = ours.find_order(wanted.order_id, wanted.body) if asked_before else None
    if placed is None:
        failpoint.reach("services.send_order.calling")
        if wanted.tenant is not None:
            ours.ensure_customer(UUID(wanted.body["customer"]), **wanted.tenant)
        placed = ours.place_order(wanted.operation_id, wanted.body)
        failpoint.reach("services.send_order.called")
    if placed.reference != str(wanted.order_id):
        raise UnknownOutcome("the provider answered with somebody else's order")
    if placed.status in ("rejected", "canceled"):
        raise _no(placed)
    if placed.status not in ("completed", "partially_completed"):
        raise Pending("provider", retry_after=placed.retry_after or 2.0)
    _check_lines(placed, wanted)
    return _delivered(ours, placed, wanted)


def _no(placed: PlacedOrder) -> DomainError:
    reason = placed.error or next((line.error for line in placed.lines if line.error), None)
    return refusal(reason.code, reason.message) if reason else refusal(placed.status)


def _check_lines(placed: PlacedOrder, wanted: _Wanted) -> None:
    """Demand an answer to every line we have sent, and to no other: a line without one would stay pending for ever."""
    answered = sorted(line.reference for line in placed.lines)
    if answered != sorted(line["reference"] for line in wanted.body["lines"]):
        raise UnknownOutcome("the provider's order has other lines than ours")
    if any(not (line.subscription_id or line.error or line.status in SAID_NO) for line in placed.lines):
        raise UnknownOutcome("the provider calls its order finished, but says nothing of a line")


def _delivered(ours: Provider, placed: PlacedOrder, wanted: _Wanted) -> _Delivered:
    yes = [line for line in placed.lines if line.subscription_id and line.status not in SAID_NO]
    rejected = [_rejected(line) for line in placed.lines if line not in yes]
    accepted = [_accepted(ours, line, wanted.ours[line.reference]) for line in yes]
    if not accepted:
        raise _no(placed)
    return _Delivered(placed.id, tuple(accepted), tuple(rejected))


def _accepted(ours: Provider, line: PlacedLine, books: Ours) -> AcceptedLine:
    subscription_id = line.subscription_id or ""
    with after_asking():
        held = ours.get_subscription(subscription_id)
        if held is None:
            raise UnknownOutcome("the provider names a subscription that it does not know")
        if held.reference not in (None, line.reference):
            raise UnknownOutcome("the provider names a subscription that is not this line's")
        able, policy = ours.capabilities(), ours.get_policy(subscription_id)
        found = accepted_line(UUID(line.reference), completed(able, held, books), allowed(able, policy, books))
    return _as_ordered(found, books.quantity)


def _as_ordered(line: AcceptedLine, quantity: int) -> AcceptedLine:
    """A delivered line with the units that are charged. What is there otherwise by now is found, and settled, as drift:
    taken over here, nobody would ever pay, or be paid back, for it."""
    return (
        line if line.quantity == quantity else replace(line, quantity=quantity, lots=first_units(line.lots, quantity))
    )


def _rejected(line: PlacedLine) -> RejectedLine:
    reason = line.error or Refusal(line.status)
    return RejectedLine(UUID(line.reference), reason.code, words_for(reason))


def _record(session: Session, answer: _Delivered, *, order_id: UUID, provider_operation_id: UUID) -> OrderAnswer:
    order = find_order(session, order_id)
    if order is None:
        raise NotFound("There is no such order.", code="order_not_found", field="order_id")
    accepted = {line.subscription_id for line in answer.accepted}
    total = Money.zero(order.currency)
    for line in session.scalars(select(Line).where(Line.order_id == order_id)):
        if line.subscription_id in accepted:
            total += UnitPrice(line.unit_price, line.currency).times(line.quantity)
    order.provider_order_id, order.accepted_total = answer.provider_order_id, total.minor
    note_answer(session, provider_operation_id, state="done", provider_id=answer.provider_order_id)
    _audit(session, order, {"provider_order_id": answer.provider_order_id, "rejected": answer.rejected})
    return OrderAnswer(tuple(_short(session, line) for line in answer.accepted), answer.rejected, total)


def _short(session: Session, line: AcceptedLine) -> AcceptedLine:
    """A delivered line without what its policy says of plans, which is kept at once: so fifty lines are one message."""
    row = session.get(Subscription, line.subscription_id)
    if row is not None:
        row.policy = row.policy | {name: msgspec.to_builtins(getattr(line.policy, name)) for name in PLANS}
    nothing: dict[str, Any] = {name: type(getattr(line.policy, name))() for name in PLANS}
    return replace(line, policy=replace(line.policy, **nothing))


def _refuse(session: Session, refused: DomainError, *, order_id: UUID, provider_operation_id: UUID) -> None:
    """The provider's clear no stays on the order; the saga takes the rest back."""
    order = find_order(session, order_id)
    note_answer(session, provider_operation_id, state="refused", code=refused.code)
    if order is not None and order.state not in ENDED:
        order.error_code, order.error_detail = refused.code, cut(refused.detail, 1000)
        order.version += 1
        _audit(session, order, {"refused": refused.code})


def _audit(session: Session, order: Order, after: dict[str, Any]) -> None:
    subject = ("order", order.id)
    audit.record(session, "services.send_order", customer_id=order.customer_id, subject=subject, after=after)


send_order = Exchange("services.send_order", _intend, _call, _record, _refuse)
