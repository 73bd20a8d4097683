"""Orders that wait: for somebody's yes, or for their day; then dated anew and sent, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from domains.kernel import audit, clock
from domains.kernel.columns import cut
from domains.kernel.errors import N_, DomainError, NotFound, Pending, Said
from domains.kernel.messages import publish
from domains.kernel.money import Money
from domains.kernel.tenancy import Scope

from ..events import OrderDrafted
from ..models import ApprovalAsked, Order, Person
from ..models.orders import WAITING
from ..pricing import NextInvoice, OrderLine, OrderTerms, TaxEstimate
from ..queries.accounts import get_account
from ..queries.waiting import order_as_of_today
from .approvals import check_approved, close_approval, request_approval
from .orders import discard_order, draft_order, find_order, identity, lines_of

LOOK_AGAIN = 6 * 3600.0  # seconds after which an order that waits for its day looks whether it has come


@dataclass(frozen=True)
class DueOrder:
    """The terms of an order that goes on: what they were, with the days moved along."""

    lines: tuple[OrderLine, ...]
    charge_now: Money
    every_month: Money
    commitment: Money
    reserve: Money
    effective_on: date
    tax_estimate: TaxEstimate
    next_invoice: NextInvoice
    facts: dict[str, Any]


def request_order(
    session: Session, *, order_id: UUID, account_id: UUID, customer_id: UUID, reseller_id: UUID | None,
    lines: tuple[OrderLine, ...], currency: str, charge_now: Money, commitment: Money, po_reference: str | None,
    cost_centre: str | None, ordered_by: Person, preview_id: UUID | None, every_month: Money, effective_on: date,
    account_name: str, approval: ApprovalAsked | None = None, run_id: UUID | None = None,
) -> None:  # fmt: skip
    """Write down an order that is not to be sent yet, and ask for the approval it needs. Doing it twice does it once.

    Refuses what `draft_order` refuses.
    """
    draft_order(
        session, order_id=order_id, account_id=account_id, customer_id=customer_id, reseller_id=reseller_id,
        lines=lines, currency=currency, charge_now=charge_now, commitment=commitment, po_reference=po_reference,
        cost_centre=cost_centre, ordered_by=ordered_by, preview_id=preview_id, every_month=every_month,
        effective_on=effective_on, run_id=run_id,
    )  # fmt: skip
    order = find_order(session, order_id)
    if order is None or order.state != "placed" or order.version > 1:
        return
    order.move("awaiting_approval" if approval else "scheduled", clock.business_now(session))
    publish(session, OrderDrafted(order.version, *identity(order)))
    if approval is not None:
        label = " + ".join(f"{line.quantity} × {line.name}" for line in lines)
        request_approval(
            session, approval=approval, customer_id=customer_id, reseller_id=reseller_id, account_id=account_id,
            account_name=account_name, label=label, requested_by=ordered_by.name, terms={}, run_id=run_id,
        )  # fmt: skip


def start_order(
    session: Session, *, order_id: UUID, account_id: UUID, customer_id: UUID, lines: tuple[OrderLine, ...],
    effective_on: date, facts: dict[str, Any], approval: ApprovalAsked | None = None,
) -> DueOrder:  # fmt: skip
    """Go on with an order once it is approved and its day has come, dated by today; pending until then.

    Refuses one that was not approved, or that could not be ordered today.
    """
    order = find_order(session, order_id)
    if order is None:
        raise NotFound("There is no such order.", code="order_not_found", field="order_id")
    check_approved(session, approval)
    scope = Scope.customer(customer_id)
    _wait_for(session, get_account(session, scope, account_id).time_zone, effective_on)
    terms = order_as_of_today(
        session, scope, order_id=order_id, account_id=account_id, lines=lines, po_reference=order.po_reference,
        cost_centre=order.cost_centre,
    )  # fmt: skip
    if order.state in WAITING:
        _date_anew(session, order, terms)
    told = facts | {"charge_now": msgspec.to_builtins(terms.charge_now)}
    return DueOrder(
        terms.lines, terms.charge_now, terms.every_month, terms.commitment, terms.reserve, terms.effective_on,
        terms.tax_estimate, terms.next_invoice, told,
    )  # fmt: skip


def _wait_for(session: Session, zone: str, day: date) -> None:
    """Pending until a day begins where the customer is."""
    begins, now = datetime.combine(day, time(), ZoneInfo(zone)), clock.business_now(session)
    if now < begins:
        left = (begins - now) / timedelta(seconds=1)
        raise Pending("start_date", retry_after=min(max(left, 1.0), LOOK_AGAIN))


def _date_anew(session: Session, order: Order, terms: OrderTerms) -> None:
    dated = {line.subscription_id: line for line in terms.lines}
    for row, subscription in lines_of(session, order.id):
        line = dated[row.subscription_id]
        row.charge_now, row.charged_until, row.undo_until = line.charge_now.minor, line.charged_until, line.undo_until
        row.valid_to = subscription.valid_to = line.valid_to
        subscription.valid_from = terms.effective_on
        subscription.version += 1
    order.charge_now, order.commitment = terms.charge_now.minor, terms.commitment.minor
    order.every_month, order.effective_on = terms.every_month.minor, terms.effective_on
    order.move("placed", clock.business_now(session))
    publish(session, OrderDrafted(order.version, *identity(order)))
    after = {"effective_on": terms.effective_on, "charge_now": order.charge_now, "currency": order.currency}
    subject = ("order", order.id)
    audit.record(session, "services.start_order", customer_id=order.customer_id, subject=subject, after=after)


def give_up_order(
    session: Session, *, order_id: UUID, account_id: UUID, customer_id: UUID, lines: tuple[OrderLine, ...],
    effective_on: date, approval: ApprovalAsked | None = None,
) -> None:  # fmt: skip
    """Take back an order that has waited: as `discard_order`, and its request for an approval is closed.

    The order says why: nobody approved it, or it could not be ordered any more when its day had come.
    """
    row = close_approval(session, approval)
    order = find_order(session, order_id)
    if order is not None and order.state in WAITING and order.error_code is None:
        if row is not None and row.state in ("rejected", "expired"):
            order.error_code, order.error_detail = (
                f"approval_{row.state}",
                _no_of(row.state, row.decided_by, row.reason),
            )
        elif row is None or row.state == "approved":
            _say_what_stands_against(session, order, account_id, customer_id, lines, effective_on)
    discard_order(session, order_id=order_id)


def _say_what_stands_against(
    session: Session, order: Order, account_id: UUID, customer_id: UUID, lines: tuple[OrderLine, ...], day: date
) -> None:
    """Note on an order whose day has come why it cannot be ordered, if that is so; else somebody has called it off."""
    scope = Scope.customer(customer_id)
    try:
        _wait_for(session, get_account(session, scope, account_id).time_zone, day)
        order_as_of_today(session, scope, order_id=order.id, account_id=account_id, lines=lines)
    except Pending:
        return
    except DomainError as no:
        order.error_code, order.error_detail = no.code, cut(no.detail, 1000)


def _no_of(state: str, who: str | None, reason: str | None) -> str:
    if state == "expired":
        return Said(N_("Nobody approved it in time. Ask again if it is still wanted."))
    return Said(N_("%(who)s did not approve it: %(reason)s"), who=who, reason=reason)
